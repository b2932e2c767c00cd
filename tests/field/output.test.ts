import { assert, assertEquals, assertMatch } from "@std/assert";
import { buildParts, derivation } from "../support/install/parts.ts";
import { attempt, condition, open, usual } from "./condition.ts";

/** How often a text is in another. */
const count = (text: string, part: string) => text.split(part).length - 1;

/** Store paths whose disko script is this one. */
async function withDisko(script: string) {
  const text = btoa(`#!/bin/bash\n${script}`);
  const code = `echo ${text} | base64 -d >$out; chmod +x $out`;
  return await buildParts({ disko: derivation("disko", `''${code}''`) });
}

const diskoOnly = (
  fixture: Parameters<typeof usual>[0],
) => ["--phases", "disko", ...usual(fixture)];

condition("disko", "traces its commands and writes over its lines, as mke2fs does", async () => {
  const parts = await withDisko(`set -x
devices='/dev/a
/dev/b'
printf 'Writing inode tables:  0/16\\b\\b\\b\\b\\b 1/16\\b\\b\\b\\b\\bdone \\n'
printf '10%%\\r100%%\\r\\033[1mall\\033[0m \\n'
`);
  const { code, stderr } = await attempt({ parts, inInstaller: true }, diskoOnly);
  assertEquals(code, 0, stderr);
  const said = [...stderr.matchAll(/^disko \| (.*)$/gm)].map(([, line]) => line);
  assertEquals(said, ["Writing inode tables: done", "all"], stderr);
});

condition("disko", "shows its trace with --debug", async () => {
  const parts = await withDisko("set -x\ntrue some words\n");
  const { code, stderr } = await attempt(
    { parts, inInstaller: true },
    (fixture) => ["--debug", ...diskoOnly(fixture)],
  );
  assertEquals(code, 0, stderr);
  assertMatch(stderr, /^disko \| \+ true some words$/m);
});

condition("disko", "fails: what was not shown is shown, the rest only once", async () => {
  const parts = await withDisko(`set -x
echo on the output
sleep 0.2
echo 'mount: /mnt: wrong fs type' >&2
exit 32
`);
  const { code, stderr } = await attempt({ parts, inInstaller: true }, diskoOnly);
  assertEquals(code, 1, stderr);
  assertEquals(count(stderr, "on the output"), 2, stderr); // itself, and the command in the trace
  assertEquals(count(stderr, "| mount: /mnt: wrong fs type"), 1, stderr);
  assertMatch(stderr, /^ {2}\| \+ exit 32$/m);
  assertMatch(
    stderr,
    /^error: root@127\.0\.0\.1: \/nix\/store\/\S+-disko failed with exit code 32$/m,
  );
});

condition("nixos-install", "says on its standard output why it fails", async () => {
  const text = "#!/bin/sh\necho 'error: no boot loader fits'\nexit 1\n";
  const { code, stderr } = await attempt({
    inInstaller: true,
    installer: { files: { "/usr/local/bin/nixos-install": { text, mode: 0o755 } } },
  });
  assertEquals(code, 1, stderr);
  assertEquals(count(stderr, "error: no boot loader fits"), 1, stderr);
  assertMatch(
    stderr,
    /^error: root@127\.0\.0\.1: nixos-install --no-root-passwd --no-channel-copy --system \/nix\/store\/\S+ failed with exit code 1$/m,
  );
  assertMatch(stderr, /^hint: run it again with --phases install,reboot/m);
});

condition(
  "extra files",
  "a program whose output nobody has seen: both outputs, in their order",
  async () => {
    const text =
      "#!/bin/sh\ncat >/dev/null\necho first\nsleep 0.3\necho second >&2\nsleep 0.3\necho third\nexit 7\n";
    const { code, stderr } = await attempt(
      {
        inInstaller: true,
        installer: { files: { "/usr/local/bin/tar": { text, mode: 0o755 } } },
      },
      async (fixture) => {
        const folder = `${fixture.sandbox.folder}/extra`;
        await Deno.mkdir(folder);
        return ["--extra-files", folder, ...usual(fixture)];
      },
    );
    assertEquals(code, 1, stderr);
    assertMatch(stderr, /\| first\n.*\| second\n.*\| third\n/);
    for (const word of ["first", "second", "third"]) assertEquals(count(stderr, `| ${word}`), 1);
  },
);

condition("image", "the connection is lost during the upload: one short line", async () => {
  await using fixture = await open({ breakpoints: { image: "sleep 300" } });
  const running = fixture.start(["--phases", "kexec", ...usual(fixture)]);
  await fixture.at("image", running);
  fixture.relay.cut();
  const { code, stderr } = await running.end;
  assertEquals(code, 1, stderr);
  const error = /^error: .*$/m.exec(stderr)?.[0] ?? "";
  assertMatch(
    error,
    /: the connection was lost during sh -c '(gzip -dc \| )?tar -C \/root -xf -'$/,
  );
  // The command line that goes on is as long as the one that was typed.
  const told = stderr.split("\n").filter((line) => !line.startsWith("to go on: "));
  assert(Math.max(...told.map((line) => line.length)) < 300, stderr);
});

condition("image", "the target cannot unpack it: a command that a person could type", async () => {
  const text = "#!/bin/sh\necho 'tar: it is broken' >&2\nexit 2\n";
  const { code, stderr } = await attempt(
    { target: { files: { "/usr/local/bin/tar": { text, mode: 0o755 } } } },
    (fixture) => ["--phases", "kexec", ...usual(fixture)],
  );
  assertEquals(code, 1, stderr);
  assertMatch(
    stderr,
    /^ {2}\| tar: it is broken\nerror: root@127\.0\.0\.1: sh -c '(gzip -dc \| )?tar -C \/root -xf -' failed/m,
  );
});

condition(
  "disko, install",
  "leave a program running that holds their outputs, and a line without end",
  async () => {
    const parts = await withDisko(
      "disk format\ndisk mount\nmkdir /mnt/etc\nsleep 300 &\nprintf 'almost done'\n",
    );
    await using fixture = await open({
      ...{ parts, inInstaller: true },
      breakpoints: { install: "sleep 300 & printf 'no end' >&2" },
    });
    const { code, stderr } = await fixture.run([
      ...["--timeout", "disko=60", "--timeout", "install=60"],
      ...usual(fixture),
    ]);
    assertEquals(code, 0, stderr);
    assertMatch(stderr, /^disko \| almost done$/m);
    assert(!/no store|installed: /.test(stderr), stderr);
  },
);
