/**
 * The disks of a target, as lsblk lists them, and as people read them.
 *
 * @module
 */
import { escapeControls } from "../escape.ts";

/** A disk of a target. */
export interface Disk {
  /** Its device, `/dev/sda`. */
  readonly device: string;
  /** Its size, in bytes. */
  readonly size: number;
  /** Its model, perhaps empty; control characters escaped. */
  readonly model: string;
  /** Its serial number, perhaps empty; control characters escaped. */
  readonly serial: string;
  /** What is on it and its partitions: file systems with their labels and where they are mounted. */
  readonly holds: readonly string[];
}

/** Reads a line of `lsblk --pairs`: `NAME="sda" SIZE="1000"`. Bytes that lsblk escapes stay escaped. */
export function readPairs(line: string): Readonly<Record<string, string>> {
  const pairs: Record<string, string> = {};
  for (const [, key = "", value = ""] of line.matchAll(/([A-Z]{1,20})="([^"]{0,300})"/g)) {
    pairs[key] = escapeControls(value.trim());
  }
  return pairs;
}

/** Puts lines of `lsblk --pairs` together to disks: what has a parent is on that parent's disk. */
export function readDisks(lines: readonly string[]): readonly Disk[] {
  const rows = lines.map(readPairs);
  const parents = new Map(rows.map(({ NAME = "", PKNAME = "" }) => [NAME, PKNAME]));
  const diskOf = (name: string): string => {
    let at = name;
    // As deep as layers of mapped devices go; a listing that runs in circles ends too.
    for (let depth = 0; depth < 16 && parents.get(at); depth++) at = parents.get(at) ?? "";
    return at;
  };
  return rows.filter(({ TYPE, NAME }) => TYPE === "disk" && /^[\w!.-]+$/.test(NAME ?? "")).map((
    disk,
  ) => ({
    device: `/dev/${(disk["NAME"] ?? "").replaceAll("!", "/")}`,
    size: Number(disk["SIZE"]) || 0,
    model: disk["MODEL"] ?? "",
    serial: disk["SERIAL"] ?? "",
    holds: rows.filter(({ FSTYPE, NAME = "" }) => FSTYPE && diskOf(NAME) === disk["NAME"])
      .map(({ FSTYPE = "", LABEL, MOUNTPOINT }) =>
        `${FSTYPE}${LABEL ? ` "${LABEL}"` : ""}${MOUNTPOINT ? ` at ${MOUNTPOINT}` : ""}`
      ),
  }));
}

/** A disk as a line for people. */
export function showDisk({ device, size, model, serial, holds }: Disk): string {
  const gigabytes = size >= 1e9 ? `${(size / 1e9).toFixed(1)} GB` : `${Math.round(size / 1e6)} MB`;
  const names = [model, serial && `serial ${serial}`].filter((name) => name !== "").join(", ");
  return `${device}: ${gigabytes}${names ? `, ${names}` : ""}; ${
    holds.length === 0 ? "empty" : `holds ${holds.join(", ")}`
  }`;
}
