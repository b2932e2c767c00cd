/**
 * A target machine in a container: a real sshd, with users, files and processes of its own, on a loopback
 * address. What runs on it touches nothing outside; when it ends, nothing of it is left.
 *
 * Needs root (for namespaces), Linux with overlayfs, util-linux, OpenSSH's server and tar.
 *
 * @module
 */
import { contents } from "./contents.ts";
import { INSIDE, OUTSIDE } from "./init.ts";
import { fingerprint, type KeyPair, makeKey } from "./keys.ts";
import type { ContainerFile, ContainerOptions } from "./options.ts";
import { freePort } from "./port.ts";

/** How a command in a container ended. */
export interface ContainerResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running container. Disposal ends everything in it. */
export class Container implements AsyncDisposable {
  #process: Deno.ChildProcess;
  #input: WritableStreamDefaultWriter<Uint8Array>;
  #pid: number;
  #ended: Promise<void> | undefined;
  #last: Readonly<Record<string, string>> | undefined;

  /** Wraps the process of a container; use {@linkcode startContainer}. */
  constructor(
    process: Deno.ChildProcess,
    input: WritableStreamDefaultWriter<Uint8Array>,
    pid: number,
    /** The container's folder on this machine, gone when the container is. */
    readonly folder: string,
    readonly options: ContainerOptions,
    /** The address that sshd listens on. */
    readonly host: string,
    readonly port: number,
    /** The key that root, admin, fishy, dashy, cshy and plain authorise. */
    readonly identity: KeyPair,
    readonly hostKeys: readonly KeyPair[],
    readonly bootId: string,
  ) {
    this.#process = process;
    this.#input = input;
    this.#pid = pid;
  }

  /** The file with the private key of {@linkcode Box.identity}. */
  get identityFile(): string {
    return `${this.folder}/identity`;
  }

  /** The folder that the container sees as `/run/container`. */
  get shared(): string {
    return `${this.folder}/shared`;
  }

  /** Lines for a known_hosts file. */
  get knownHosts(): string {
    return this.hostKeys.map((key) => `[${this.host}]:${this.port} ${key.publicKey}\n`).join("");
  }

  /** The fingerprint `SHA256:…` of the first host key. */
  fingerprint(): Promise<string> {
    return fingerprint(this.hostKeys[0]?.publicKey ?? "");
  }

  /** The log of sshd. Like the other records it can still be read when the container has ended. */
  log(): Promise<string> {
    return this.#record("sshd.log");
  }

  /** The logins that sshd has granted, in order: `root publickey`. */
  async logins(): Promise<string[]> {
    const accepted = (await this.log()).matchAll(/^Accepted (\S+) for (\S+) from /gm);
    return Array.from(accepted, ([, method, user]) => `${user} ${method}`);
  }

  /** The command lines of those programs that only write down how they were called. */
  async commands(): Promise<string[]> {
    return (await this.#record("commands")).split("\n").slice(0, -1);
  }

  /** What asked the machine to boot: `kexec` or `reboot`, in order. */
  async signals(): Promise<string[]> {
    return (await this.#record("signals")).split("\n").slice(0, -1);
  }

  /** Starts sshd and waits until it listens. */
  async open(): Promise<void> {
    await this.#input.write(new TextEncoder().encode("go\n"));
    const late = Date.now() + 60_000;
    for (;;) {
      const log = await this.log();
      if (/^Server listening on /m.test(log)) return;
      if (/Cannot bind|no hostkeys|Bad configuration|fatal:/.test(log) || Date.now() > late) {
        throw new Error(`sshd does not listen: ${log}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  /** Runs shell code in the container as root, without ssh. Does not throw when it fails. */
  async run(code: string): Promise<ContainerResult> {
    const target = ["--target", `${this.#pid}`, "--mount", "--pid", "--uts", "--ipc"];
    const { code: exit, stdout, stderr } = await new Deno.Command("timeout", {
      args: ["--kill-after=10", "300", "nsenter", ...target, "--", "sh", "-c", code],
      stdin: "null",
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code: exit, stdout: text(stdout), stderr: text(stderr) };
  }

  /** Ends everything in the container at once, as when the power goes. */
  end(): Promise<void> {
    this.#ended ??= (async () => {
      const names = ["sshd.log", "commands", "signals"];
      this.#last = Object.fromEntries(
        await Promise.all(names.map(async (name) => [name, await this.#record(name)] as const)),
      );
      await this.#input.close().catch(() => {});
      await this.#process.status;
    })();
    return this.#ended;
  }

  async #record(name: string): Promise<string> {
    return this.#last?.[name] ?? await Deno.readTextFile(`${this.shared}/${name}`).catch(() => "");
  }

  /** Ends the container. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }
}

/** Starts a container whose sshd listens. */
export async function startContainer(options: ContainerOptions = {}): Promise<Container> {
  for (let attempt = 1;; attempt++) {
    const container = await prepareContainer(options);
    try {
      await container.open();
      return container;
    } catch (error) {
      await container.end();
      // Someone else may have been faster at taking the free port.
      if (options.port !== undefined || attempt === 3) throw error;
    }
  }
}

/** Makes a container whose sshd starts with {@linkcode Box.open}. */
export async function prepareContainer(options: ContainerOptions = {}): Promise<Container> {
  const { address = "127.0.0.1", bootId = crypto.randomUUID(), kexec = "possible" } = options;
  const { identity = await makeKey(), hostKeys = [await makeKey()] } = options;
  const port = options.port ?? freePort(address);
  const folder = await Deno.makeTempDir({ prefix: "box-" });
  const { files, homes, setup } = await contents(options, { address, port, hostKeys, identity });
  for (const name of ["disk", "shared", "stage"]) await Deno.mkdir(`${folder}/${name}`);
  await Deno.chmod(`${folder}/shared`, 0o1777);
  for (const name of ["commands", "signals"]) await put(folder, `/shared/${name}`, "", 0o666);
  const scripts = { outside: OUTSIDE, inside: INSIDE, homes, setup };
  for (const [name, text] of Object.entries(scripts)) await put(folder, `/${name}.sh`, text, 0o600);
  await put(folder, "/kernel/random/boot_id", `${bootId}\n`, 0o444);
  await put(folder, "/kernel/hostname", "box\n", 0o444);
  if (options.kernel) await put(folder, "/kernel/osrelease", `${options.kernel}\n`, 0o444);
  // GRUB's number, and kexec's.
  const loader = options.startedBy === "kexec" ? 0xd0 : 0x72;
  await put(folder, "/kernel/bootloader_type", `${loader}\n`, 0o444);
  if (kexec !== "missing") {
    const disabled = kexec === "disabled" ? 1 : 0;
    await put(folder, "/kernel/kexec_load_disabled", `${disabled}\n`, 0o444);
  }
  await put(folder, "/identity", identity.privateKey, 0o600);
  for (const [path, file] of Object.entries(files)) await stage(`${folder}/stage`, path, file);
  const [program = "", ...args] = [...options.enter ?? [], "setsid", "sh", `${folder}/outside.sh`];
  const process = new Deno.Command(program, {
    args: [...args, folder],
    clearEnv: true,
    env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const input = process.stdin.getWriter();
  const errors = Deno.open(`${folder}/errors`, { read: true, write: true, create: true });
  using log = await errors;
  const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let said = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    said += part.value;
    if (said.includes("\n")) break;
  }
  await reader.cancel();
  const pid = Number(/^ready (\d+)$/m.exec(said)?.[1]);
  if (!(pid > 1)) {
    await input.close().catch(() => {});
    await process.status;
    throw new Error(`no box: ${await new Response(log.readable).text()}`);
  }
  return new Container(
    process,
    input,
    pid,
    folder,
    options,
    address,
    port,
    identity,
    hostKeys,
    bootId,
  );
}

/** Whether a container was made by this process, or by the one that started it: its tests need not try again. */
const MADE_ONE = "TEST_CONTAINERS";

/** Why containers cannot be made on this machine, or `undefined` if they can. */
export async function noContainers(): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return "boxes need Linux";
  if (Deno.uid() !== 0) return "boxes need root";
  if (Deno.env.get(MADE_ONE) !== undefined) return undefined;
  try {
    await using _box = await startContainer();
    Deno.env.set(MADE_ONE, "yes");
    return undefined;
  } catch (error) {
    return String(error);
  }
}

async function stage(folder: string, path: string, file: ContainerFile): Promise<void> {
  const { text, mode = 0o644 } = typeof file === "object" ? file : { text: file };
  await put(folder, path, text, mode);
}

async function put(folder: string, path: string, text: string | Uint8Array, mode: number) {
  const whole = `${folder}${path}`;
  await Deno.mkdir(whole.slice(0, whole.lastIndexOf("/")), { recursive: true });
  await Deno.writeFile(whole, typeof text === "string" ? new TextEncoder().encode(text) : text);
  await Deno.chmod(whole, mode);
}
