import { assert, assertEquals } from "@std/assert";
import type { Disk } from "../../lib/plan/disks.ts";
import { diskOf, fateOf, readDisks, readPairs, showDisk, showFound } from "../../lib/plan/disks.ts";
import { compareDisks, sharedNames } from "../../lib/plan/same_disk.ts";

const LISTING = [
  `NAME="sda" PKNAME="" TYPE="disk" SIZE="256060514304" MODEL="Samsung SSD  " SERIAL="S1" FSTYPE=""`,
  `NAME="sda1" PKNAME="sda" TYPE="part" SIZE="536870912" FSTYPE="vfat" LABEL="boot" MOUNTPOINT="/boot"`,
  `NAME="sda2" PKNAME="sda" TYPE="part" SIZE="255" FSTYPE="crypto_LUKS" LABEL="" MOUNTPOINT=""`,
  `NAME="root" PKNAME="sda2" TYPE="crypt" SIZE="255" FSTYPE="ext4" LABEL="a b" MOUNTPOINT="/"`,
  `NAME="sdb" PKNAME="" TYPE="disk" SIZE="52428800" MODEL="" SERIAL=""`,
  `NAME="loop0" PKNAME="" TYPE="loop" SIZE="5" FSTYPE="squashfs"`,
  `NAME="cciss!c0d0" PKNAME="" TYPE="disk" SIZE="1000000000"`,
];

Deno.test("readDisks() puts partitions and what is mapped onto them to their disk", () => {
  const [sda, sdb, cciss, ...others] = readDisks(LISTING);
  assertEquals(sda, {
    device: "/dev/sda",
    size: 256060514304,
    model: "Samsung SSD",
    serial: "S1",
    wwn: "",
    holds: ['vfat "boot" at /boot', "crypto_LUKS", 'ext4 "a b" at /'],
  });
  assertEquals(sdb?.holds, []);
  assertEquals(cciss?.device, "/dev/cciss/c0d0");
  assertEquals(others, []);
});

Deno.test("readDisks() takes listings that are hostile, cut off or go in circles", () => {
  assertEquals(readDisks([]), []);
  assertEquals(readDisks(["", "x", `NAME="`, `TYPE="disk"`, `NAME="../x" TYPE="disk"`]), []);
  const circle = [
    `NAME="a" PKNAME="b" TYPE="disk" SIZE="x" FSTYPE="ext4"`,
    `NAME="b" PKNAME="a" TYPE="part" FSTYPE="xfs"`,
  ];
  const [disk] = readDisks(circle);
  assertEquals([disk?.device, disk?.size], ["/dev/a", 0]);
});

Deno.test("readPairs() escapes control characters", () => {
  assertEquals(readPairs(`MODEL="a\x1b[2J" SERIAL="x\\x20y" _X="1"`), {
    MODEL: "a\\x1b[2J",
    SERIAL: "x\\x20y",
    X: "1",
  });
});

Deno.test("showDisk() says how large a disk is and what is on it, on one line", () => {
  const lines = readDisks(LISTING).map(showDisk);
  assertEquals(lines, [
    '/dev/sda: 256.1 GB, Samsung SSD, serial S1; holds vfat "boot" at /boot, crypto_LUKS, ' +
    'ext4 "a b" at /',
    "/dev/sdb: 52 MB; empty",
    "/dev/cciss/c0d0: 1.0 GB; empty",
  ]);
  assert(lines.every((line) => !/\p{Cc}/u.test(line)));
});

Deno.test("readDisks() takes memory, loops, CD drives and empty slots for no disks", () => {
  const rows = [
    "zram0",
    "ram0",
    "loop0",
    "sr0",
    "fd0",
    "nbd0",
    "md127",
    "dm-0",
    "zd0",
    "mtdblock0",
  ];
  const listing = rows.map((name) => `NAME="${name}" PKNAME="" TYPE="disk" SIZE="1000"`);
  assertEquals(readDisks([...listing, `NAME="sdc" TYPE="disk" SIZE="0"`]), []);
  const disks = ["sda", "sdaa", "vda", "xvdf", "nvme0n1", "mmcblk0", "pmem0", "dasda", "hda"];
  const names = readDisks(disks.map((name) => `NAME="${name}" TYPE="disk" SIZE="5"`));
  assertEquals(names.map(({ device }) => device), disks.map((name) => `/dev/${name}`));
});

Deno.test("showDisk() calls no disk empty that has partitions or is mounted", () => {
  const lines = [
    `NAME="vda" TYPE="disk" SIZE="1000000" FSTYPE="" MOUNTPOINT="/"`,
    `NAME="vdb" TYPE="disk" SIZE="1000000" FSTYPE=""`,
    `NAME="vdb1" PKNAME="vdb" TYPE="part" SIZE="1" FSTYPE=""`,
  ];
  assertEquals(readDisks(lines).map(({ holds }) => holds), [["a file system at /"], [
    "partitions",
  ]]);
});

Deno.test("diskOf() finds the disk of a partition, and no other whose name begins alike", () => {
  const disks = readDisks(
    ["sda", "sdaa", "nvme0n1", "nvme0n12"].map((name) => `NAME="${name}" TYPE="disk" SIZE="5"`),
  );
  const found = ["sda", "sda2", "sdaa1", "nvme0n1p3", "nvme0n12", "nvme0n12p1", "sdb", "mapper/x"];
  assertEquals(found.map((name) => diskOf(`/dev/${name}`, disks)?.device.slice(5) ?? ""), [
    ...["sda", "sda", "sdaa", "nvme0n1", "nvme0n12", "nvme0n12", "", ""],
  ]);
});

Deno.test("fateOf() follows the script and `destroy`", () => {
  const fate = (script: string, destroy: boolean) => fateOf(script, { destroy });
  for (const end of ["", "NoDeps"]) {
    assertEquals([fate(`diskoScript${end}`, true), fate(`diskoScript${end}`, false)], [
      "wiped",
      "kept",
    ]);
    assertEquals([fate(`formatScript${end}`, true), fate(`mountScript${end}`, false)], [
      "formatted",
      "mounted",
    ]);
  }
});

const [sda] = readDisks([`NAME="sda" TYPE="disk" SIZE="1000000"`]);

Deno.test("showFound() says what a name leads to, and what is not known", () => {
  const common = { fate: "wiped", disk: sda } as const;
  const by = "/dev/disk/by-id/x";
  assertEquals(
    showFound({ ...common, name: "/dev/sda", device: "/dev/sda" }),
    "/dev/sda: 1 MB; empty",
  );
  assertEquals(
    showFound({ ...common, name: by, device: "/dev/sda" }),
    `${by} is /dev/sda: 1 MB; empty`,
  );
  assertEquals(
    showFound({ ...common, name: "/dev/sda2", device: "/dev/sda2" }),
    "/dev/sda2 on /dev/sda: 1 MB; empty",
  );
  assertEquals(showFound({ name: by, fate: "missing" }), by);
  assertEquals(showFound({ name: by, fate: "wiped" }), `${by}, which this system does not show`);
});

const disk = (more: Partial<Disk>): Disk => ({
  ...{ device: "/dev/sda", size: 1000, model: "", serial: "", wwn: "", holds: [] },
  ...more,
});
const sameness: readonly [string, Partial<Disk>, Partial<Disk>, string, string[]?][] = [
  ["serial", { serial: "S1" }, { serial: "S1", device: "/dev/sdb" }, "same"],
  ["other serial", { serial: "S1" }, { serial: "S2" }, "different"],
  ["serial seen by one only", { serial: "" }, { serial: "S2", wwn: "0x5" }, "alike"],
  ["serial with blanks", { serial: "WD-WX 1" }, { serial: "wd_wx1" }, "same"],
  [
    "other serial, same WWN",
    { serial: "a", wwn: "0x500A" },
    { serial: "b", wwn: "naa.500a" },
    "same",
  ],
  ["WWN as serial", { serial: "5000c500a1" }, { serial: "Z1X", wwn: "0x5000c500a1" }, "same"],
  ["serial from another source", { serial: "drive-0" }, { serial: "1122" }, "same", ["drive-0"]],
  ["parts of one enclosure", { serial: "S1", size: 5 }, { serial: "S1", size: 6 }, "different"],
  ["other WWN", { wwn: "0x1" }, { wwn: "0x2" }, "different"],
  ["WWN cut off, other serial", { serial: "a", wwn: "0x6b8ca3a0f2a5b800" }, {
    serial: "b",
    wwn: "0x6b8ca3a0f2a5b80020c1",
  }, "alike"],
  ["other size", {}, { size: 2000 }, "different"],
  ["no size", { size: 0 }, {}, "unknown"],
  [
    "model written otherwise",
    { model: "Samsung_SSD_860_EVO" },
    { model: "Samsung SSD 860" },
    "alike",
  ],
  ["other model", { model: "ST4000" }, { model: "WDC WD40" }, "different"],
];
for (const [title, shown, now, wanted, aliases] of sameness) {
  Deno.test(`compareDisks() takes disks for ${wanted}: ${title}`, () => {
    assertEquals(compareDisks(disk(shown), disk(now), aliases), wanted);
  });
}

Deno.test("compareDisks() believes no serial number or WWN that two disks have shown", () => {
  const compare = (a: Partial<Disk>, b: Partial<Disk>, now: Partial<Disk>) =>
    compareDisks(disk(a), disk(now), [], sharedNames([disk(a), disk(b)]));
  // A dock's serial number; a WWN that a maker has written into all; both.
  const docked = [{ serial: "DOCK", wwn: "0xA" }, { serial: "DOCK", wwn: "0xB" }] as const;
  assertEquals(docked.map((now) => compare(...docked, now)), ["same", "different"]);
  const cheap = [{ serial: "A", wwn: "eui.01" }, { serial: "B", wwn: "eui.01" }] as const;
  assertEquals(cheap.map((now) => compare(...cheap, now)), ["same", "different"]);
  const equal = [{ serial: "0", wwn: "0x5" }, { serial: "0", wwn: "0x5" }] as const;
  assertEquals(equal.map((now) => compare(...equal, now)), ["alike", "alike"]);
  // What two paths lead to is one disk.
  const paths = equal.map((one) => disk({ ...one, holds: ["mpath_member"] }));
  assertEquals(sharedNames(paths).size, 0);
});
