/**
 * What the tests of the ssh room share: a container for each file, logins on it, and a look at what is left.
 *
 * @module
 */
import { connect } from "../../lib/steps/connect.ts";
import type { LoginOptions } from "../../lib/ssh/login_options.ts";
import type { Session } from "../../lib/ssh/session.ts";
import {
  type Container,
  type ContainerOptions,
  type Machine,
  noContainers,
  startContainer,
} from "../support/loopback/mod.ts";

/** Whether the tests that need a container must be left out, because this machine cannot make any. */
export const ignore: boolean = await noContainers() !== undefined;

/** A container that lives as long as the tests of the calling file. */
export function sharedContainer(options?: ContainerOptions): () => Container {
  let container: Container | undefined;
  if (!ignore) {
    Deno.test.beforeAll(async () => void (container = await startContainer(options)));
    Deno.test.afterAll(async () => await container?.end());
  }
  return () => container!;
}

/** Logs in with the container's identity and without a look at its host key. */
export function login(
  container: Container | Machine,
  user: string = "root",
  options: LoginOptions = {},
): Promise<Session> {
  const { port, identityFile } = container;
  return connect(`${user}@${container.host}`, { port, identityFile, hostKey: "off", ...options });
}

/** The command lines of our own children, and of theirs, that hold `word`. */
export async function children(word: string = "ssh"): Promise<string[]> {
  const args = ["-ewwo", "pid=,ppid=,args="];
  const { stdout } = await new Deno.Command("ps", { args }).output();
  const all = new TextDecoder().decode(stdout).split("\n").flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line);
    return match ? [{ pid: Number(match[1]), parent: Number(match[2]), args: match[3]! }] : [];
  });
  const ours = new Set([Deno.pid]);
  for (let size = 0; size !== ours.size;) {
    size = ours.size;
    for (const { pid, parent } of all) if (ours.has(parent)) ours.add(pid);
  }
  return all.filter(({ pid, args }) =>
    ours.has(pid) && /^\S*ssh /.test(args) && args.includes(word)
  )
    .map(({ args }) => args);
}

/** Runs `work` while TMPDIR is a new folder called `name`, and says what is left in it. */
export async function withTemp(
  work: (folder: string) => Promise<void>,
  name: string = "tmp",
): Promise<string[]> {
  const before = Deno.env.get("TMPDIR");
  const parent = await Deno.makeTempDir();
  const folder = `${parent}/${name}`;
  await Deno.mkdir(folder);
  Deno.env.set("TMPDIR", folder);
  try {
    await work(folder);
    return Array.from(Deno.readDirSync(folder), (entry) => entry.name);
  } finally {
    if (before === undefined) Deno.env.delete("TMPDIR");
    else Deno.env.set("TMPDIR", before);
    await Deno.remove(parent, { recursive: true });
  }
}
