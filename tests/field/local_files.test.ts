/** What this user cannot read is told before anything is contacted, least of all after the disks are wiped. */
import { assertEquals, assertMatch } from "@std/assert";
import type { Fixture } from "../support/install/fixture.ts";
import { attempt, condition, open, usual } from "./condition.ts";

/** Runs the command without root's right to read everything, which is as good as another user. */
async function asUser(fixture: Fixture, words: readonly string[]) {
  const less = "-dac_override,-dac_read_search";
  const cli = decodeURIComponent(new URL("../../cli.ts", import.meta.url).pathname);
  const rights = ["--bounding-set", less, "--inh-caps", less];
  const { code, stderr } = await new Deno.Command("setpriv", {
    args: [...rights, Deno.execPath(), "run", "-A", "--no-check", cli, ...words],
    env: { ...fixture.sandbox.env, SSH_PRIVATE_KEY: fixture.key },
    stdin: "null",
  }).output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}

type Make = (folder: string) => Promise<string[]>;
const inputs: readonly [title: string, make: Make, error: RegExp][] = [
  ["an extra file", async (folder) => {
    await Deno.mkdir(`${folder}/extra/etc/ssh`, { recursive: true });
    await Deno.writeTextFile(`${folder}/extra/etc/ssh/key`, "key", { mode: 0o000 });
    return ["--extra-files", `${folder}/extra`];
  }, /--extra-files: cannot read "\S*\/extra\/etc\/ssh\/key"/],
  ["a folder of extra files", async (folder) => {
    await Deno.mkdir(`${folder}/extra/secrets`, { recursive: true });
    await Deno.writeTextFile(`${folder}/extra/secrets/key`, "key");
    await Deno.chmod(`${folder}/extra/secrets`, 0o000);
    return ["--extra-files", `${folder}/extra`];
  }, /--extra-files: cannot read "\S*\/extra\/secrets"/],
  ["a folder of extra files that can only be listed", async (folder) => {
    await Deno.mkdir(`${folder}/extra/secrets`, { recursive: true });
    await Deno.writeTextFile(`${folder}/extra/secrets/key`, "key");
    await Deno.chmod(`${folder}/extra/secrets`, 0o400);
    return ["--extra-files", `${folder}/extra`];
  }, /--extra-files: cannot read "\S*\/extra\/secrets\/key"/],
  ["a disk encryption key", async (folder) => {
    await Deno.writeTextFile(`${folder}/key`, "key", { mode: 0o000 });
    return ["--disk-encryption-keys", "/tmp/key", `${folder}/key`];
  }, /--disk-encryption-keys "\/tmp\/key": cannot read/],
  ["a kexec image", async (folder) => {
    await Deno.writeTextFile(`${folder}/other.tar`, "image", { mode: 0o000 });
    return ["--kexec", `${folder}/other.tar`];
  }, /--kexec: cannot read/],
  ["a folder for the hardware configuration", async (folder) => {
    await Deno.mkdir(`${folder}/flake`, { mode: 0o555 });
    return ["--generate-hardware-config", "nixos-facter", `${folder}/flake/deeper/facter.json`];
  }, /--generate-hardware-config: cannot write/],
  ["a folder for the new system's host keys", async (folder) => {
    await Deno.mkdir(`${folder}/hosts`, { mode: 0o555 });
    return ["--known-hosts", `${folder}/hosts/known`, "--update-known-hosts"];
  }, /--known-hosts: cannot write/],
];
for (const [title, make, error] of inputs) {
  condition("here", `${title} that belongs to root, and a user who is not`, async () => {
    await using fixture = await open({ inInstaller: true });
    const more = await make(fixture.sandbox.folder);
    const words = usual(fixture);
    const [option = ""] = more;
    const replaced = option === "--kexec" || option === "--known-hosts";
    const rest = replaced ? words.toSpliced(words.indexOf(option), 2) : words;
    // Store paths have no use for a hardware configuration.
    if (option === "--generate-hardware-config") {
      rest.splice(rest.indexOf("-s"), 3, "--flake", `${fixture.sandbox.folder}#web`);
    }
    const { code, stderr } = await asUser(fixture, [...more, ...rest]);
    assertEquals(code, 2, stderr);
    assertMatch(stderr, error);
    assertEquals(await fixture.machine.logins(), []);
  });
}

condition("here", "a pipe as kexec image, which can be read once only", async () => {
  const { code, stderr, logins } = await attempt({ inInstaller: true }, async (fixture) => {
    const pipe = `${fixture.sandbox.folder}/image.tar`;
    await new Deno.Command("mkfifo", { args: [pipe] }).output();
    return usual(fixture).map((word) => word === fixture.image ? pipe : word);
  });
  assertEquals([code, logins], [2, []], stderr);
  assertMatch(stderr, /^error: --kexec: cannot read ".*": it is no file$/m);
});
