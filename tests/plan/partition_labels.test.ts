import { assertEquals } from "@std/assert";
import { labelsIn, readPartitions, strangerWithLabel } from "../../lib/plan/partition_labels.ts";

const SCRIPT =
  `mkfs.vfat "/dev/disk/by-partlabel/disk-main-ESP"\nmount /dev/disk/by-partlabel/disk-main-root /mnt`;
const PARTITIONS = `NAME="sda" PKNAME="" PARTLABEL=""
NAME="sda1" PKNAME="sda" PARTLABEL="EFI system partition"
NAME="sda2" PKNAME="sda" PARTLABEL="disk-main-root"
NAME="cciss!c0d0p1" PKNAME="cciss!c0d0" PARTLABEL="disk-main-ESP"
NAME="x" PKNAME="y" PARTLABEL="disk-main-ESP" more
`;

Deno.test("strangerWithLabel() finds a partition that a script would take for its own", () => {
  const labels = labelsIn(SCRIPT);
  assertEquals([...labels], ["disk-main-ESP", "disk-main-root"]);
  const partitions = readPartitions(PARTITIONS);
  const find = (...disks: string[]) => strangerWithLabel(labels, partitions, disks)?.device;
  assertEquals(find("/dev/sdb"), "/dev/sda2");
  assertEquals(find("/dev/sda"), "/dev/cciss/c0d0p1");
  assertEquals(find("/dev/sda", "/dev/cciss/c0d0"), undefined);
  // A partition that is a disk of the configuration; multipath; nothing known.
  assertEquals(find("/dev/sda2", "/dev/cciss/c0d0"), undefined);
  assertEquals([find("/dev/dm-0"), find()], [undefined, undefined]);
});
