/**
 * Labels of partitions. disko names what it formats and mounts by them, and two disks may have the same ones: each layout
 * that calls its disk `main` makes them alike.
 *
 * @module
 */

/** A partition that a machine has. */
export interface Partition {
  /** Its device, `/dev/sda2`. */
  readonly device: string;
  /** The disk that it is on. */
  readonly disk: string;
  readonly label: string;
}

/** The labels that a disko script takes for devices. */
export function labelsIn(script: string): ReadonlySet<string> {
  const found = script.matchAll(/\/dev\/disk\/by-partlabel\/([\w.+:@=-]{1,72})/g);
  return new Set(Array.from(found, ([, label = ""]) => label));
}

/** Reads lines of `lsblk -P -o NAME,PKNAME,PARTLABEL`; what is not of their shape is left out. */
export function readPartitions(lines: string): readonly Partition[] {
  const line = /^NAME="([\w.!-]{1,80})" PKNAME="([\w.!-]{1,80})" PARTLABEL="([^"]{1,200})"$/gm;
  const device = (name: string) => `/dev/${name.replaceAll("!", "/")}`;
  return Array.from(lines.matchAll(line), ([, name = "", parent = "", label = ""]) => {
    return { device: device(name), disk: device(parent), label };
  });
}

/**
 * A partition that a script would take for its own: it has one of the labels, and is on none of the disks. Of disks that
 * are made of others, such as multipath's, nothing is known: their partitions are seen on each.
 */
export function strangerWithLabel(
  labels: ReadonlySet<string>,
  partitions: readonly Partition[],
  disks: readonly string[],
): Partition | undefined {
  if (disks.length === 0 || disks.some((disk) => /^\/dev\/(dm-|md)/.test(disk))) return undefined;
  return partitions.find(({ label, device, disk }) =>
    labels.has(label) && !disks.includes(disk) && !disks.includes(device)
  );
}
