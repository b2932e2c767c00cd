/** disko asks for a passphrase where the configuration names no file: asked before the boot, or refused there. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { quoteAll } from "../../lib/ssh/quote.ts";
import { buildParts, derivation } from "../support/install/parts.ts";
import type { Fixture } from "../support/install/fixture.ts";
import { attempt, condition, open, usual } from "./condition.ts";

const SECRET = "correct $horse 'battery' \\n staple";
const SHEBANG = "#!/bin/bash\nset -eu\n";
const MOUNT = `disk format
disk mount
mkdir /mnt/etc
`;

/** What disko's own script does for two LUKS devices, then a program that reads more than a line at once. */
const ASKS = `${SHEBANG}echo WIPED
for device in sda2 sdb2; do
  printf 'Enter password for %s: ' "$device"; IFS= read -r -s password; echo
  printf 'Enter password for %s again to be safe: ' "$device"; IFS= read -r -s password_check; echo
  [ "$password" = "$password_check" ] || exit 1
  printf %s "$password" | sha256sum
done
head -n 1 | sha256sum
ps axww | grep -F "$password" | grep -vc 'grep' || :
${MOUNT}`;

const script = (text: string) => {
  const words = `printf %s '${text.replaceAll("'", `'\\''`)}' >$out; chmod +x $out`;
  return derivation("disko", JSON.stringify(words).replaceAll("${", "\\${"));
};
const partsOf = async (text: string) => await buildParts({ disko: script(text) });
const digest = async (text: string) =>
  Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))))
    .map((byte) => byte.toString(16).padStart(2, "0")).join("");

const refusals: readonly [title: string, text: string][] = [
  ["read -s", `printf 'Passphrase: '\nIFS= read -r -s password\n[ -n "$password" ]\n`],
  ["stty and read", "stty -echo; read -r password; stty echo\n"],
  ["cryptsetup itself", "cryptsetup luksFormat /dev/sda2\n"],
  ["systemd-ask-password", "systemd-ask-password Disk:\n"],
  ["ZFS", "zpool create -f z -O encryption=on -O keyformat=passphrase /dev/sda\n"],
];
for (const [title, text] of refusals) {
  condition("disko", `asks by ${title}, and nobody can answer`, async () => {
    const parts = await partsOf(`${SHEBANG}echo WIPED\n${text}`);
    const { code, stderr } = await attempt({ parts });
    assertEquals(code, 3, stderr);
    assertMatch(stderr, /^error: root@127\.0\.0\.1: the disko script asks for a passphrase/m);
    assert(!/WIPED|kexec \|/.test(stderr), stderr);
  });
}

condition("disko", "asks, and a variable holds the answer", async () => {
  const parts = await partsOf(ASKS);
  const { code, stderr } = await attempt({ parts }, undefined, { DISK_PASSPHRASE: SECRET });
  assertEquals(code, 0, stderr);
  const [plain, withEnd] = [await digest(SECRET), await digest(`${SECRET}\n`)];
  assertEquals(stderr.match(new RegExp(plain, "g"))?.length, 2, stderr);
  assertStringIncludes(stderr, withEnd);
  assertStringIncludes(stderr, "disko | 0\n");
});

condition("disko", "asks, and no log and no argument has the answer", async () => {
  const parts = await partsOf(ASKS);
  const { code, stderr, stdout } = await attempt(
    { parts, inInstaller: true },
    (fixture) => fixture.words,
    { DISK_PASSPHRASE: SECRET },
  );
  assertEquals(code, 0, stderr);
  assert(!`${stderr}${stdout}`.includes(SECRET), stderr);
  assert(!`${stderr}${stdout}`.includes("$horse"), stderr);
});

/** Runs the command on a terminal and types each answer when its question is there. */
async function typed(
  fixture: Fixture,
  words: string[],
  answers: readonly (readonly [RegExp, string])[],
) {
  const cli = decodeURIComponent(new URL("../../cli.ts", import.meta.url).pathname);
  const command = [Deno.execPath(), "run", "-A", "--no-check", cli, ...words];
  await using child = new Deno.Command("script", {
    args: ["-qec", quoteAll(command), "/dev/null"],
    cwd: `${fixture.sandbox.folder}/run`,
    env: { ...fixture.sandbox.env, SSH_PRIVATE_KEY: fixture.key },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const bound = setTimeout(() => child.kill("SIGKILL"), 90_000);
  const writer = child.stdin.getWriter();
  let [said, at, next] = ["", 0, 0];
  for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
    said += part;
    const [question, answer] = answers[next] ?? [];
    const found = question?.exec(said.slice(at));
    if (!found) continue;
    at += found.index + found[0].length;
    next++;
    await writer.write(new TextEncoder().encode(`${answer}\r`));
  }
  clearTimeout(bound);
  await writer.close().catch(() => {});
  return { code: (await child.status).code, said, answered: next };
}

condition("disko", "asks, and somebody answers on the terminal", async () => {
  await using fixture = await open({ parts: await partsOf(ASKS) });
  const answers = [
    [/Passphrase for the new disks: /, "first"],
    [/again: /, "frist"],
    [/not the same[^]*Passphrase for the new disks: /, SECRET],
    [/again: /, SECRET],
  ] as const;
  const { code, said, answered } = await typed(fixture, ["--yes", ...usual(fixture)], answers);
  assertEquals([code, answered], [0, 4], said);
  assertStringIncludes(said, await digest(SECRET));
  assert(!said.includes("$horse"), said);
  assert(said.indexOf("again: ") < said.indexOf("kexec |"), said);
});

/** A flake whose disko asks, as its devices say; its script is the same as ever. */
async function writeLuks(
  fixture: Fixture,
  content: string,
  text = `${SHEBANG}${MOUNT}`,
): Promise<string> {
  const folder = `${fixture.sandbox.folder}/flake`;
  await Deno.mkdir(folder);
  const toplevel = derivation(
    "nixos-system-tiny",
    '"mkdir $out; for part in init kernel initrd nixos-version; do echo $part >$out/$part; done"',
  );
  await Deno.writeTextFile(
    `${folder}/flake.nix`,
    `{ outputs = _: { nixosConfigurations.web.config = {
      system.build = { diskoScript = ${script(text)}; toplevel = ${toplevel}; };
      disko.devices.disk.main = { device = "/dev/target0"; content = { type = "gpt"; partitions.root.content = ${content}; }; };
    }; }; }`,
  );
  return `path:${folder}#web`;
}

const ways = (more: string[], flake: string, fixture: Fixture) => [
  ...["--phases", "kexec,disko", "--kexec", fixture.image, "--build-on", "local", ...more],
  ...["--flake", flake, ...fixture.reach],
];

const contents: readonly [title: string, content: string, asks: boolean][] = [
  ["askPassword", '{ type = "luks"; name = "crypted"; askPassword = true; }', true],
  ["no file at all", '{ type = "luks"; name = "crypted"; settings = { }; }', true],
  [
    "passwordFile",
    '{ type = "luks"; name = "crypted"; passwordFile = "/tmp/x"; askPassword = false; }',
    false,
  ],
  ["settings.keyFile", '{ type = "luks"; name = "crypted"; settings.keyFile = "/tmp/x"; }', false],
  [
    "LVM on LUKS below",
    '{ type = "luks"; name = "outer"; keyFile = "/k"; content = { type = "luks"; name = "crypted"; }; }',
    true,
  ],
];
for (const [title, content, asks] of contents) {
  condition("disko", `a configuration with ${title}, without a terminal`, async () => {
    const dry = asks ? [] : ["--dry-run"];
    const { code, stderr } = await attempt(
      {},
      async (fixture) => ways(dry, await writeLuks(fixture, content), fixture),
    );
    assertEquals(code, asks ? 3 : 0, stderr);
    assert(!stderr.includes("kexec |"), stderr);
    assertEquals(stderr.includes("disko asks for the passphrase of LUKS crypted"), asks, stderr);
  });
}

condition("disko", "a plan of a configuration that asks, without a terminal", async () => {
  const { code, stderr } = await attempt(
    {},
    async (fixture) =>
      ways(["--dry-run"], await writeLuks(fixture, contents[0]?.[1] ?? ""), fixture),
  );
  assertEquals(code, 0, stderr);
  assertMatch(stderr, /^warning: .*disko asks for the passphrase of LUKS crypted, and nobody/m);
  assertStringIncludes(stderr, "WILL BE WIPED: /dev/target0");
});

condition("disko", "a script that is built on the target asks", async () => {
  const plain = '{ type = "filesystem"; }';
  const { code, stderr } = await attempt({ inInstaller: true }, async (fixture) => {
    const flake = await writeLuks(fixture, plain, ASKS);
    return ways([], flake, fixture).map((word) => word === "local" ? "remote" : word);
  });
  assertEquals(code, 1, stderr);
  assertMatch(stderr, /^error: root@127\.0\.0\.1: the disko script asks for a passphrase/m);
  assert(!stderr.includes("disko | WIPED"), stderr);
  assertStringIncludes(stderr, "this run has not touched its disks");
});

condition("disko", "asks for something that is no passphrase", async () => {
  const text = `${SHEBANG}read -rp "Continue? " answer || echo nothing\n${MOUNT}`;
  const { code, stderr } = await attempt({ parts: await partsOf(text), inInstaller: true });
  assertEquals(code, 0, stderr);
  assertMatch(stderr, /^warning: the disko script may ask a question.*Continue/m);
});

condition("reboot", "the new system waits for the passphrase of its disks", async () => {
  const options = { inInstaller: true, installed: { gap: Infinity } };
  const { code, stdout, stderr } = await attempt(options, (fixture) => [
    ...["--timeout", "reboot=4", "--disk-encryption-keys", "/run/k", "/etc/hostname"],
    ...usual(fixture),
  ]);
  assertEquals(code, 0, stderr);
  assertMatch(stderr, /^warning: .*did not come back as the installed system within 4 s/m);
  assertMatch(stderr, /^warning: .*it may be waiting for the passphrase of its disks/m);
  assertMatch(stdout, /has not answered yet$/m);
});
