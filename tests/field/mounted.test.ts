/** Nothing is copied below /mnt unless a disk is mounted there. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { PreflightError } from "../../lib/errors.ts";
import { checkMounted } from "../../lib/ssh/mounted.ts";
import { buildParts, writeFlake } from "../support/install/parts.ts";
import { startContainer } from "../support/loopback/mod.ts";
import { login } from "../ssh/fixture.ts";
import { attempt, condition, open, usual } from "./condition.ts";

const NO_STORE = "[ ! -e /mnt/nix/store ]";

condition("disks", "disko formatted them and mounted nothing", async () => {
  await using fixture = await open({
    parts: await buildParts({ mode: "format" }),
    inInstaller: true,
  });
  const { code, stderr } = await fixture.run(usual(fixture));
  assertEquals(code, 1, stderr);
  assertMatch(stderr, /^error: root@127\.0\.0\.1: nothing is mounted at \/mnt/m);
  assertMatch(stderr, /--disko-mode mount/);
  assertMatch(stderr, /^state: the target runs the installer; its disks are formatted, no system/m);
  assertEquals((await fixture.machine.container.run(NO_STORE)).code, 0);
});

condition(
  "disks",
  "--disko-mode mount, format, and mount again, with odd values of TMPDIR",
  async () => {
    await using fixture = await open({ inInstaller: true });
    const flake = await writeFlake(`${fixture.sandbox.folder}/flake`);
    const words = ["--build-on", "local", "--flake", flake, ...fixture.reach];
    const blank = await fixture.run(["--disko-mode", "mount", ...words], { TMPDIR: "../tmp/" });
    assertEquals(blank.code, 1, blank.stderr);
    assertMatch(blank.stderr, /^hint: nothing was formatted/m);
    assertMatch(blank.stderr, /^state: .*this run has not touched its disks$/m);
    const formatted = await fixture.run(["--disko-mode", "format", ...words], { TMPDIR: "" });
    assertEquals(formatted.code, 1, formatted.stderr);
    assertMatch(formatted.stderr, /nothing is mounted at \/mnt/);
    const { code, stderr } = await fixture.run(["--disko-mode", "mount", ...words]);
    assertEquals(code, 0, stderr);
  },
);

condition("disks", "an installer that was just booted, and --phases install,reboot", async () => {
  await using fixture = await open({ inInstaller: true });
  const { code, stderr } = await fixture.run(["--phases", "install,reboot", ...usual(fixture)]);
  assertEquals(code, 1, stderr);
  assertMatch(stderr, /nothing is mounted at \/mnt/);
  assertMatch(stderr, /^state: the target runs the installer; this run has not touched its disks/m);
  assertEquals((await fixture.machine.container.run(NO_STORE)).code, 0);
});

condition("disks", "a root in memory, mounted by hand with --phases install,reboot", async () => {
  const { code, stderr } = await attempt({
    inInstaller: true,
    installer: { setup: "mkdir -p /mnt; mount -t tmpfs none /mnt\n" },
  }, (fixture) => ["--phases", "install,reboot", ...usual(fixture)]);
  assertEquals(code, 1, stderr);
  assertMatch(stderr, /in memory \(tmpfs at \/mnt\)/);
});

condition("disks", "nothing mounted, and --force", async () => {
  const { code, stderr } = await attempt(
    { inInstaller: true },
    (fixture) => ["--phases", "install,reboot", "--force", ...usual(fixture)],
  );
  assertEquals(code, 0, stderr);
  assertMatch(stderr, /^warning: .*nothing is mounted at \/mnt.*going on, as --force says$/m);
});

// The disk of these is a file on a loop device, made as the disko script of the other tests makes it.
const LOOP = `
export PATH=$PATH:/usr/sbin
[ -e /dev/loop-control ] || mknod /dev/loop-control c 10 237
truncate -s 4M /run/img
mkfs.ext4 -q -F /run/img
for attempt in 1 2 3 4 5; do
  loop=$(losetup -f)
  [ -e $loop ] || mknod $loop b 7 \${loop#/dev/loop}
  ! losetup $loop /run/img || break
done
echo $loop >/run/loop
`;
const tmpfs = (path: string) => `mkdir -p ${path}; mount -t tmpfs memory ${path}; `;
const disk = (path: string) => `mkdir -p ${path}; mount -t ext4 $loop ${path}; `;

const MOUNTS: readonly [name: string, code: string, refused?: RegExp][] = [
  ["no /mnt at all", "rmdir /mnt", /nothing is mounted/],
  ["a root in memory", tmpfs("/mnt"), /in memory \(tmpfs at \/mnt\)/],
  ["a root in memory, /mnt/nix on a disk", tmpfs("/mnt") + disk("/mnt/nix")],
  ["a root in memory, /mnt/nix/store on a disk", tmpfs("/mnt") + disk("/mnt/nix/store")],
  ["a disk with /mnt/boot in memory", disk("/mnt") + tmpfs("/mnt/boot")],
  ["a disk with /mnt/nix in memory", disk("/mnt") + tmpfs("/mnt/nix"), /tmpfs at \/mnt\/nix/],
  ["a disk with a folder that begins alike in memory", disk("/mnt") + tmpfs("/mnt/nix-extra")],
  ["only /mnt/boot on a disk", disk("/mnt/boot"), /nothing is mounted/],
  ["only /mnt/nix on a disk", disk("/mnt/nix")],
  [
    "an overlay in memory",
    tmpfs("/o") +
    "mkdir -p /o/u /o/w; mount -t overlay -o lowerdir=/etc,upperdir=/o/u,workdir=/o/w x /mnt",
    /in memory \(overlay at \/mnt\)/,
  ],
  [
    "an overlay on a disk",
    disk("/o") +
    "mkdir -p /o/u /o/w; mount -t overlay -o lowerdir=/etc,upperdir=/o/u,workdir=/o/w x /mnt",
  ],
  ["a folder of a disk, bound", disk("/d") + "mkdir /d/sub; mount --bind /d/sub /mnt"],
  ["a disk over memory", tmpfs("/mnt") + disk("/mnt")],
  ["memory over a disk", disk("/mnt") + tmpfs("/mnt"), /tmpfs at \/mnt/],
];

condition("disks", "what /mnt may be", async () => {
  await using container = await startContainer({ installer: true });
  const wrong: string[] = [];
  for (const [name, code, refused] of MOUNTS) {
    const undo =
      "mkdir -p /mnt; for at in /mnt/boot /mnt/nix-extra /mnt/nix/store /mnt/nix /mnt /mnt /o /d; do umount -R $at 2>/dev/null || :; done";
    const made = await container.run(
      `set -eu\n${undo}\n[ ! -e /run/loop ] || losetup -d $(cat /run/loop) 2>/dev/null || :\n${LOOP}\n${code}`,
    );
    assertEquals(made.code, 0, `${name}: ${made.stderr}`);
    await using installer = await login(container);
    const said = await checkMounted(installer).then(() => "", (error) => {
      assert(error instanceof PreflightError, String(error));
      return error.message;
    });
    if (refused ? !refused.test(said) : said !== "") wrong.push(`${name}: ${said}`);
  }
  await container.run("losetup -d $(cat /run/loop); umount -R /mnt; umount -R /o; umount -R /d");
  assertEquals(wrong, []);
});
