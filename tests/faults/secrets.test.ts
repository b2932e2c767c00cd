import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { buildParts } from "../support/install/parts.ts";
import { Fixture } from "../support/install/fixture.ts";
import { PASSWORD } from "../support/loopback/mod.ts";
import { ignore } from "../ssh/fixture.ts";
import { validEvents } from "../support/events.ts";
import { type Secret, Watch } from "./watch.ts";

const parts = ignore ? { disko: "", system: "" } : await buildParts({ payload: 30_000_000 });
// Long enough for a look at what runs.
const breakpoints = {
  facts: "sleep 0.3",
  image: "sleep 0.3",
  kexec: "sleep 0.3",
  disko: "sleep 0.3",
  install: "sleep 0.3",
};

/** Lets in whose keys the image has gathered. */
const installer = { gathered: true };

/** Whether this is the command itself, or a child of it that has not become its program yet. */
function isOurs(line: string, pid: number, command: number): boolean {
  return pid === command || line.startsWith(`${Deno.execPath()} run -A --no-check `);
}

/** Runs a whole install while everything is watched, and looks at all it has printed. */
async function watched(
  fixture: Fixture,
  words: readonly string[],
  env: Record<string, string>,
  secrets: (pid: number) => readonly Secret[],
): Promise<Watch> {
  const { sandbox } = fixture;
  const running = fixture.sandbox.start(words, env, 120);
  const all = secrets(running.pid);
  const watch = new Watch(all, `${sandbox.folder}/tmp`);
  const { code, stdout, stderr } = await running.end;
  await watch.stop();
  assertEquals(code, 0, stderr);
  assertEquals([...watch.found], []);
  for (const { name, text } of all) assert(!(stdout + stderr).includes(text), `${name} is shown`);
  if (words.includes("--json")) await validEvents(stdout);
  assertEquals(await sandbox.left(), []);
  // It can find something: the processes and the files were there to be seen.
  const seen = [...watch.processes].join("\n");
  for (const program of ["ssh -S ", "ssh -F ", "nixos-install"]) {
    assertStringIncludes(seen, program);
  }
  assert([...watch.files].some((path) => path.endsWith("/known_hosts")), "no files were seen");
  assert(watch.rounds > 50, `only ${watch.rounds} looks`);
  return watch;
}

/** Puts secrets into a disk key and an extra file; returns the words that send them, and the secrets. */
async function plant({ sandbox: { folder } }: Fixture): Promise<[string[], Secret[]]> {
  const [disk, extra] = [`disk-${crypto.randomUUID()}`, `extra-${crypto.randomUUID()}`];
  await Deno.writeTextFile(`${folder}/disk.key`, disk, { mode: 0o600 });
  await Deno.mkdir(`${folder}/extra/etc`, { recursive: true });
  await Deno.writeTextFile(`${folder}/extra/etc/secret`, extra, { mode: 0o600 });
  const words = ["--disk-encryption-keys", "/run/disk.key", `${folder}/disk.key`];
  const secrets = [{ name: "the disk key", text: disk }, { name: "the extra file", text: extra }];
  return [[...words, "--extra-files", `${folder}/extra`], secrets];
}

for (const output of ["--debug", "--json"]) {
  Deno.test(`${output}: a private key and secret files are seen nowhere during an install`, {
    ignore,
  }, async () => {
    await using fixture = await Fixture.open({ parts, breakpoints, installer });
    const [words, secrets] = await plant(fixture);
    const key = fixture.key.split("\n")[1] ?? "";
    const env = {
      SSH_PRIVATE_KEY: fixture.key,
      SSHPASS: `unused-${crypto.randomUUID()}`,
      SUDO_PASSWORD: `unused-${crypto.randomUUID()}`,
    };
    const ours = (pid: number) => (line: string, other: number) => isOurs(line, other, pid);
    await watched(fixture, [output, ...words, ...fixture.words], env, (pid) => [
      ...secrets,
      { name: "the private key", text: key, mayHave: ours(pid) },
      { name: "SSHPASS", text: env.SSHPASS, mayHave: ours(pid) },
      { name: "SUDO_PASSWORD", text: env.SUDO_PASSWORD, mayHave: ours(pid) },
    ]);
  });

  Deno.test(`${output}: only the ssh that logs in has the password`, { ignore }, async () => {
    await using fixture = await Fixture.open({ parts, breakpoints, installer });
    const [words, secrets] = await plant(fixture);
    const reach = fixture.words.map((word) => word.replace(/^root@/, "pwuser@"));
    let logins = 0;
    const watch = await watched(
      fixture,
      [output, "--env-password", ...words, ...reach],
      { SSHPASS: PASSWORD },
      (pid) => [
        ...secrets,
        {
          name: "the password",
          text: PASSWORD,
          mayHave(line, other) {
            const login = /^\S*ssh -S /.test(line) || /^\/bin\/sh \S+\/askpass /.test(line);
            if (login) logins++;
            return login || isOurs(line, other, pid);
          },
        },
      ],
    );
    assert(logins > 0, "the login was not seen");
    assert(watch.processes.size > 10);
    const state = await fixture.machine.containers[0]!.signals();
    assertEquals(state, ["kexec"]);
  });
}
