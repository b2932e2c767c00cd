/** The disk that was shown is the disk that is wiped: names of disks are another system's in the installer. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { buildParts, derivation, writeFlake } from "../support/install/parts.ts";
import type { Fixture } from "../support/install/fixture.ts";
import { attempt, condition } from "./condition.ts";

interface Seen {
  readonly serial?: string;
  readonly wwn?: string;
  readonly model?: string;
  readonly size?: number;
  readonly mount?: string;
}

/** An lsblk that lists these disks. */
function lsblk(disks: Readonly<Record<string, Seen>>) {
  const lines = Object.entries(disks).map((
    [name, { serial = "", wwn = "", model = "SSD", size = 512e9, mount = "" }],
  ) =>
    `NAME="${name}" PKNAME="" TYPE="disk" SIZE="${size}" MODEL="${model}" SERIAL="${serial}" FSTYPE="" ` +
    `LABEL="" MOUNTPOINT="${mount}" WWN="${wwn}"`
  );
  const text = `#!/bin/sh\ncat <<'END'\n${lines.join("\n")}\nEND\n`;
  return { files: { "/usr/local/bin/lsblk": { mode: 0o755, text } } };
}

const MORE = "mknod /dev/target1 b 252 78\n";
const byId = (name: string) =>
  `${MORE}mkdir -p /dev/disk/by-id\nln -s ../../${name} /dev/disk/by-id/x\n`;

/** Words that format the disk that a flake names. */
function formatting(device = "/dev/target0", more: string[] = []) {
  return async (fixture: Fixture) => [
    ...["--phases", "kexec,disko", "--kexec", fixture.image, "--build-on", "local", ...more],
    ...[
      "--flake",
      await writeFlake(`${fixture.sandbox.folder}/flake`, { device }),
      ...fixture.reach,
    ],
  ];
}

/** The disks are as they were, and the machine runs the installer. */
function stopped({ code, stderr }: { code: number; stderr: string }) {
  assertEquals(code, 1, stderr);
  assert(!stderr.includes("disko | formatting"), stderr);
  assertStringIncludes(
    stderr,
    "state: the target runs the installer; this run has not touched its disks",
  );
}

condition("disks", "another disk has the name that was shown", async () => {
  const ended = await attempt({
    target: lsblk({ target0: { serial: "GOOD-1" } }),
    installer: lsblk({ target0: { serial: "OTHER-2" } }),
  }, formatting());
  stopped(ended);
  assertMatch(
    ended.stderr,
    /\/dev\/target0 is another disk.*shown was .*GOOD-1.*now it is .*OTHER-2/,
  );
});

condition(
  "disks",
  "two disks have swapped their names, and have their dock's serial number",
  async () => {
    const [one, other] = ["0x5000a", "0x5000b"].map((wwn) => ({ wwn, serial: "DOCK" }));
    const ended = await attempt({
      target: { ...lsblk({ target0: one!, target1: other! }), setup: MORE },
      installer: { ...lsblk({ target0: other!, target1: one! }), setup: MORE },
    }, formatting());
    stopped(ended);
    assertStringIncludes(ended.stderr, "the disk that was shown is /dev/target1 now");
  },
);

condition("disks", "no serial numbers, and another size", async () => {
  stopped(
    await attempt({
      target: lsblk({ target0: { size: 20e9 } }),
      installer: lsblk({ target0: { size: 4e12 } }),
    }, formatting()),
  );
});

condition("disks", "another disk has the name, with store paths", async () => {
  const words = (fixture: Fixture) => [
    ...["--phases", "kexec,disko", "--kexec", fixture.image, "-s"],
    ...[fixture.options.parts.disko, fixture.options.parts.system, ...fixture.reach],
  ];
  const target = lsblk({ target0: { serial: "GOOD-1" }, target1: { serial: "A" } });
  const installer = lsblk({ target0: { serial: "OTHER-2" }, target1: { serial: "B" } });
  const disko = derivation(
    "disko",
    `''printf '#!/bin/sh\\necho formatting /dev/target0\\n' >$out; chmod +x $out''`,
  );
  const ended = await attempt({ parts: await buildParts({ disko }), target, installer }, words);
  stopped(ended);
  assert(!ended.stderr.includes("/dev/target1 is another disk"), ended.stderr);
});

condition("disks", "another disk has the name, with a hardware configuration", async () => {
  const facter = {
    "/usr/local/bin/nixos-generate-config": { mode: 0o755, text: "#!/bin/sh\necho '{ }'\n" },
  };
  const installer = lsblk({ target0: { serial: "OTHER-2" } });
  stopped(
    await attempt({
      target: lsblk({ target0: { serial: "GOOD-1" } }),
      installer: { files: { ...installer.files, ...facter } },
    }, async (fixture) => {
      const path = `${fixture.sandbox.folder}/flake/hardware.nix`;
      return await formatting(undefined, [
        "--generate-hardware-config",
        "nixos-generate-config",
        path,
      ])(fixture);
    }),
  );
});

condition("disks", "a name that udev gives leads to the same disk by another device", async () => {
  const { code, stderr } = await attempt({
    target: {
      ...lsblk({ target0: { serial: "S" }, target1: { serial: "T" } }),
      setup: byId("target0"),
    },
    installer: {
      ...lsblk({ target0: { serial: "T" }, target1: { serial: "S" } }),
      setup: byId("target1"),
    },
  }, formatting("/dev/disk/by-id/x"));
  assertEquals(code, 0, stderr);
  assertStringIncludes(stderr, "/dev/disk/by-id/x is /dev/target1 now, it was /dev/target0");
  assert(!/^warning: /m.test(stderr), stderr);
});

condition("disks", "only root sees serial numbers", async () => {
  const { code, stderr } = await attempt({
    target: lsblk({ target0: {} }),
    installer: lsblk({ target0: { serial: "S", wwn: "0x5" } }),
  }, formatting());
  assertEquals(code, 0, stderr);
  assert(!/^warning: /m.test(stderr), stderr);
});

condition("disks", "nothing tells one disk from the other", async () => {
  const both = { ...lsblk({ target0: {}, target1: {} }), setup: MORE };
  const { code, stderr } = await attempt({ target: both, installer: both }, formatting());
  assertEquals(code, 0, stderr);
  assertMatch(stderr, /warning: .*\/dev\/target0: nothing tells it from another disk/);
});

condition("disks", "a system without udev has no /dev/disk at all", async () => {
  const { code, stderr } = await attempt({
    target: lsblk({ target0: { serial: "S" } }),
    installer: { ...lsblk({ target0: { serial: "S" } }), setup: byId("target0") },
  }, formatting("/dev/disk/by-id/x"));
  assertEquals(code, 0, stderr);
  assertMatch(stderr, /warning: .*this system does not show \/dev\/disk\/by-id\/x/);
  assertMatch(stderr, /\/dev\/disk\/by-id\/x is \/dev\/target0: .*serial S/);
});

condition(
  "disks",
  "two names of the configuration for one disk, seen before and after kexec",
  async () => {
    const twice = async (fixture: Fixture) => {
      const folder = `${fixture.sandbox.folder}/twice`;
      await Deno.mkdir(folder);
      await Deno.writeTextFile(`${folder}/flake.nix`, LAYOUTS(`${Deno.build.arch}-linux`));
      const words = await formatting()(fixture);
      return words.toSpliced(words.indexOf("--flake") + 1, 1, `path:${folder}#twice`);
    };
    const same =
      /^error: .*two disks of the configuration are the same one: \/dev\/disk\/by-id\/x and \/dev\/target0$/m;
    const before = await attempt({ target: { setup: byId("target0") } }, twice);
    assertEquals(before.code, 3, before.stderr);
    assertMatch(before.stderr, same);
    const after = await attempt({
      target: { ...lsblk({ target0: {}, target1: {} }), setup: byId("target1") },
      installer: { ...lsblk({ target0: {}, target1: {} }), setup: byId("target0") },
    }, twice);
    stopped(after);
    assertMatch(after.stderr, same);
  },
);

condition("disks", "the installer runs from the disk that is to be wiped", async () => {
  const installer = lsblk({ target0: { mount: "/iso" } });
  const { code, stderr } = await attempt({ inInstaller: true, installer }, formatting());
  assertEquals(code, 3, stderr);
  assertMatch(stderr, /^error: .*the installer runs from \/dev\/target0: .*at \/iso$/m);
  assertMatch(stderr, /^hint: .*--force-kexec/m);
});

condition("disks", "lsblk reads from a disk that answers no more", async () => {
  const lsblk = "#!/bin/sh\nexec sleep 300\n";
  // Who waits 20 s will wait a moment, too.
  const timeout =
    '#!/bin/sh\n[ "$1" = -s ] || exec /usr/bin/timeout "$@"\nshift 3\nexec /usr/bin/timeout -s KILL 1 "$@"\n';
  const files = Object.fromEntries(
    Object.entries({ lsblk, timeout }).map((
      [name, text],
    ) => [`/usr/local/bin/${name}`, { mode: 0o755, text }]),
  );
  const { code, stderr } = await attempt(
    { target: { files } },
    formatting(undefined, ["--dry-run"]),
  );
  assertEquals(code, 0, stderr);
  assertMatch(stderr, /WILL BE WIPED: \/dev\/target0$/m);
});

condition("disks", "udev runs, and the name is not there", async () => {
  const udev = { target: { setup: byId("target0") } };
  const { code, stderr } = await attempt(udev, formatting("/dev/disk/by-id/other"));
  assertEquals(code, 3, stderr);
  assertStringIncludes(stderr, "there is no disk /dev/disk/by-id/other");
});

condition("disks", "the installer has no driver for the disk", async () => {
  const ended = await attempt({ installer: { setup: "rm /dev/target0" } }, formatting());
  stopped(ended);
  assertStringIncludes(ended.stderr, "there is no disk /dev/target0");
});

const LAYOUTS = (system: string) =>
  `{ outputs = _: let
  drv = name: derivation { inherit name; system = "${system}"; builder = "/bin/sh"; args = [ "-c" "echo > $out" ]; };
  conf = disk: { config = {
    system.build = { diskoScript = drv "disko"; mountScript = drv "mount"; formatScript = drv "format"; toplevel = drv "system"; };
    disko.devices = { inherit disk; };
  }; };
in { nixosConfigurations = {
  keep = conf { main.device = "/dev/target0"; data = { device = "/dev/target1"; destroy = false; }; };
  missing = conf { main.device = "/dev/target0"; data.device = "/dev/target7"; };
  none = conf { };
  twice = conf { main.device = "/dev/target0"; data.device = "/dev/disk/by-id/x"; };
}; }; }`;

const plans: readonly [
  title: string,
  name: string,
  words: string[],
  wanted: RegExp[],
  never: RegExp,
][] = [
  [
    "wiped and kept",
    "keep",
    [],
    [/WILL BE WIPED: \/dev\/target0/, /kept.*: \/dev\/target1/],
    /formatted: /,
  ],
  ["mounted", "keep", ["--disko-mode", "mount"], [
    /mounted: \/dev\/target0/,
    /mounted: \/dev\/target1/,
  ], /WIPED/],
  ["formatted", "keep", ["--disko-mode", "format"], [/formatted.*: \/dev\/target0/], /WIPED|kept/],
  [
    "missing",
    "missing",
    ["--force"],
    [/WIPED: \/dev\/target0/, /missing: \/dev\/target7/],
    /of these|target1|zram/,
  ],
  ["of an unknown layout", "none", [], [/of these:/, /target0/, /target1/], /zram0|ram0/],
];
for (const [title, name, more, wanted, never] of plans) {
  condition("disks", `the plan says which are ${title}`, async () => {
    const { code, stderr } = await attempt({
      target: { ...lsblk({ target0: {}, target1: {}, zram0: {} }), setup: MORE },
    }, async (fixture) => {
      const folder = `${fixture.sandbox.folder}/flake`;
      await Deno.mkdir(folder);
      await Deno.writeTextFile(`${folder}/flake.nix`, LAYOUTS(`${Deno.build.arch}-linux`));
      const kexec = ["--kexec", fixture.image, "--build-on", "local"];
      return [
        "--dry-run",
        ...kexec,
        ...more,
        "--flake",
        `path:${folder}#${name}`,
        ...fixture.reach,
      ];
    });
    assertEquals(code, 0, stderr);
    const plan = stderr.slice(stderr.indexOf("phases: "));
    for (const pattern of wanted) assertMatch(plan, pattern);
    assert(!never.test(plan), plan);
  });
}
