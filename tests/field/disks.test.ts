/** The disk that was shown is the disk that is wiped: names of disks are another system's in the installer. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { buildParts, derivation, scriptDerivation, writeFlake } from "../support/install/parts.ts";
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

// A stand-in of mdadm: the guard reads the script, as disko writes it.
const makesArray = scriptDerivation(
  "disko",
  `#!/bin/sh
mdadm() { echo "made: $*"; }
mdadm --create /dev/md/root \\
  --metadata=default /dev/target0
`,
);

condition("disks", "arrays that the system's kernel refuses, with store paths", async () => {
  const toplevel = derivation(
    "nixos-system-old",
    `''mkdir -p $out/kernel-modules/lib/modules/6.18.38; touch $out/init $out/nixos-version''`,
  );
  const words = ({ image, options: { parts }, reach }: Fixture) => [
    ...["--phases", "kexec,disko", "--kexec", image, "-s", parts.disko, parts.system, ...reach],
  ];
  const parts = await buildParts({ disko: makesArray, toplevel });
  const ended = await attempt({ parts, installer: { kernel: "7.0.9" } }, words);
  assertEquals(ended.code, 1, ended.stderr);
  assert(!ended.stderr.includes("made: "), ended.stderr);
  assertStringIncludes(
    ended.stderr,
    "made by the installer's kernel 7.0.9, are refused by the new system's kernel 6.18.38",
  );
  assertStringIncludes(ended.stderr, "this run has not touched its disks");
});

condition(
  "disks",
  "arrays that the system's kernel refuses, with a flake and --force",
  async () => {
    const words = async ({ image, sandbox, reach }: Fixture) => [
      ...["--phases", "kexec,disko", "--kexec", image, "--build-on", "local", "--force", "--flake"],
      await writeFlake(`${sandbox.folder}/flake`, { disko: makesArray, kernel: "6.12.90" }),
      ...reach,
    ];
    const { stderr } = await attempt({ installer: { kernel: "6.19.0" } }, words);
    assertMatch(
      stderr,
      /warning: .* kernel 6\.19\.0, are refused .* 6\.12\.90: going on, as --force/,
    );
    assertStringIncludes(stderr, "made: --create");
  },
);

// What disko's scripts do to a partition, as far as the guard reads it.
const formatsLabel = scriptDerivation(
  "disko",
  `#!/bin/sh\necho formatting /dev/disk/by-partlabel/disk-main-ESP\n`,
);
for (const [on, code] of [["target1", 1], ["target0", 0]] as const) {
  const whose = on === "target0" ? "its own disk" : "another disk";
  condition("disks", `a partition of ${whose} has the script's label`, async () => {
    const { files: { "/usr/local/bin/lsblk": disks } } = lsblk({ target0: {}, target1: {} });
    const text = disks.text.replace(
      "#!/bin/sh\n",
      `#!/bin/sh\ncase $* in *PARTLABEL*) echo 'NAME="${on}p2" PKNAME="${on}" PARTLABEL="disk-main-ESP"'; exit ;; esac\n`,
    );
    const installer = { files: { "/usr/local/bin/lsblk": { mode: 0o755, text } }, setup: MORE };
    const ended = await attempt({ installer }, async ({ image, sandbox, reach }) => [
      ...["--phases", "kexec,disko", "--kexec", image, "--build-on", "local", "--flake"],
      await writeFlake(`${sandbox.folder}/flake`, { disko: formatsLabel }),
      ...reach,
    ]);
    assertEquals(ended.stderr.includes("is called disk-main-ESP"), code === 1, ended.stderr);
    if (code === 1) stopped(ended);
    else assertStringIncludes(ended.stderr, "disko | formatting");
  });
}

for (const where of ["here", "in the installer"] as const) {
  condition("disks", `two names of one disk, seen ${where}`, async () => {
    const one = { ...lsblk({ target0: { serial: "S" } }), setup: byId("target0") };
    const { code, stderr } = await attempt(
      where === "here" ? { target: one } : { installer: one },
      async ({ image, sandbox, reach }) => [
        ...["--phases", "kexec,disko", "--kexec", image, "--build-on", "local", "--flake"],
        await writeFlake(`${sandbox.folder}/flake`, { second: "/dev/disk/by-id/x" }),
        ...reach,
      ],
    );
    assertEquals(code, where === "here" ? 3 : 1, stderr);
    assertStringIncludes(stderr, "/dev/target0 and /dev/disk/by-id/x are one disk, /dev/target0");
    assert(!stderr.includes("disko | formatting"), stderr);
  });
}

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
