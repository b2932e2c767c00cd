import { assert, assertEquals } from "@std/assert";
import { readDisks, readPairs, showDisk } from "../../lib/plan/disks.ts";

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
