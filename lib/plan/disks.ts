/**
 * The disks of a target, as lsblk lists them, those that a configuration names, and both as people read them.
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
  /** Its world wide name, perhaps empty; control characters escaped. */
  readonly wwn: string;
  /** What is on it and its partitions: file systems with their labels and where they are mounted. */
  readonly holds: readonly string[];
}

/** A disk that a configuration names, as a target has it. */
export interface FoundDisk {
  /** The device as the configuration names it. */
  readonly name: string;
  /** What becomes of it: all on it is lost, what it lacks is made, it is just mounted, it stays as it is, or it is not there. */
  readonly fate: "wiped" | "formatted" | "mounted" | "kept" | "missing";
  /** The device that the name leads to; absent where it leads nowhere. */
  readonly device?: string | undefined;
  /** The disk that it is or is on; absent where the target does not tell. */
  readonly disk?: Disk | undefined;
}

/**
 * The disk that an installer runs from, and what of it, where it is to be formatted: its root, or the medium that holds the
 * store of its root.
 */
export function ownDisk(
  found: readonly Pick<FoundDisk, "device" | "disk" | "fate">[],
): string | undefined {
  for (const { device, disk, fate } of found) {
    // Another partition of it may be formatted.
    if (!disk || disk.device !== device || fate === "mounted") continue;
    const own = disk.holds.find((one) =>
      / at \/(iso|findiso|nix\/\.ro-store|nix\/store)?$/.test(one)
    );
    if (own !== undefined) return `${nameDisk(disk)}: it holds ${own}`;
  }
  return undefined;
}

/** What a disko script of this name, `mountScriptNoDeps`, does to a disk. */
export function fateOf(
  script: string,
  { destroy }: { readonly destroy: boolean },
): FoundDisk["fate"] {
  if (script.startsWith("mount")) return "mounted";
  if (script.startsWith("format")) return "formatted";
  return destroy ? "wiped" : "kept";
}

/** Two names of a configuration for one device that is not only mounted: what is made by the one is lost to the other. */
export function doubledDisk(
  found: readonly Pick<FoundDisk, "name" | "device" | "fate">[],
): { readonly names: string; readonly device: string } | undefined {
  for (const [index, { name, device, fate }] of found.entries()) {
    if (device === undefined) continue;
    const other = found.slice(0, index).find((one) => one.device === device);
    if (!other || (fate === "mounted" && other.fate === "mounted")) continue;
    return { names: `${other.name} and ${name}`, device };
  }
  return undefined;
}

/** The disk that a device is, or that it is a partition of. */
export function diskOf(device: string, disks: readonly Disk[]): Disk | undefined {
  const whole = disks.find((disk) => disk.device === device);
  return whole ??
    disks.find((disk) =>
      device.startsWith(disk.device) && /^p?\d+$/.test(device.slice(disk.device.length)) &&
      // /dev/nvme0n1 is no partition of /dev/nvme0n.
      /\d$/.test(disk.device) === device.slice(disk.device.length).startsWith("p")
    );
}

/** Reads a line of `lsblk --pairs`: `NAME="sda" SIZE="1000"`. Bytes that lsblk escapes stay escaped. */
export function readPairs(line: string): Readonly<Record<string, string>> {
  const pairs: Record<string, string> = {};
  for (const [, key = "", value = ""] of line.matchAll(/([A-Z]{1,20})="([^"]{0,300})"/g)) {
    pairs[key] = escapeControls(value.trim());
  }
  return pairs;
}

/** Memory, loops, floppies, CD drives and what is made of disks: lsblk calls some of them disks. */
const NO_DISK = /^(zram|ram|loop|fd|sr|scd|dm-|md|zd|nbd|mtdblock|ubiblock)\d/;

/** Puts lines of `lsblk --pairs` together to disks: what has a parent is on that parent's disk. */
export function readDisks(lines: readonly string[]): readonly Disk[] {
  const rows = lines.map(readPairs);
  const parents = new Map(rows.map(({ NAME = "", PKNAME = "" }) => [NAME, PKNAME]));
  const topOf = (name: string): string => {
    let at = name;
    // As deep as layers of mapped devices go; a listing that runs in circles ends too.
    for (let depth = 0; depth < 16 && parents.get(at); depth++) at = parents.get(at) ?? "";
    return at;
  };
  const isDisk = ({ TYPE, NAME = "", SIZE }: Readonly<Record<string, string>>) =>
    TYPE === "disk" && /^[\w!.-]+$/.test(NAME) && !NO_DISK.test(NAME) && SIZE !== "0";
  const onDisk = Map.groupBy(rows, ({ NAME = "" }) => topOf(NAME));
  return rows.filter(isDisk).map((disk) => ({
    device: `/dev/${(disk["NAME"] ?? "").replaceAll("!", "/")}`,
    size: Number(disk["SIZE"]) || 0,
    model: disk["MODEL"] ?? "",
    serial: disk["SERIAL"] ?? "",
    wwn: disk["WWN"] ?? "",
    holds: holdsOf(onDisk.get(disk["NAME"] ?? "") ?? []),
  }));
}

/** What rows of one disk say is on it: without udev lsblk tells partitions and mounts, and no file systems. */
function holdsOf(rows: readonly Readonly<Record<string, string>>[]): string[] {
  const told = rows.filter(({ FSTYPE, MOUNTPOINT }) => FSTYPE || MOUNTPOINT);
  if (told.length === 0 && rows.length > 1) return ["partitions"];
  return told.map(({ FSTYPE, LABEL, MOUNTPOINT }) => {
    const name = `${FSTYPE || "a file system"}${LABEL ? ` "${LABEL}"` : ""}`;
    return `${name}${MOUNTPOINT ? ` at ${MOUNTPOINT}` : ""}`;
  });
}

/** A disk as a line for people. */
export function showDisk(disk: Disk): string {
  const { holds } = disk;
  return `${nameDisk(disk)}; ${holds.length === 0 ? "empty" : `holds ${holds.join(", ")}`}`;
}

/** What a disk is known by, without what is on it. */
export function nameDisk({ device, size, model, serial, wwn }: Disk): string {
  const megabytes = size > 0 ? `${Math.round(size / 1e6)} MB` : "size unknown";
  const gigabytes = size >= 1e9 ? `${(size / 1e9).toFixed(1)} GB` : megabytes;
  const known = serial ? `serial ${serial}` : wwn && `WWN ${wwn}`;
  return `${device}: ${[gigabytes, model, known].filter((part) => part !== "").join(", ")}`;
}

/** A disk of a configuration as a line for people, without its fate. */
export function showFound({ name, device, disk, fate }: FoundDisk): string {
  if (fate === "missing") return name;
  if (device === undefined) return `${name}, which this system does not show`;
  const shown = disk ? showDisk(disk) : device;
  if (name === device && (disk === undefined || disk.device === device)) return shown;
  return disk && disk.device !== device && name === device
    ? `${name} on ${shown}`
    : `${name} is ${shown}`;
}

const FATES: Readonly<Record<FoundDisk["fate"], string>> = {
  wiped: "WILL BE WIPED",
  formatted: "will be formatted (what is there already stays)",
  mounted: "will be mounted",
  kept: "kept (formatted only where it is blank)",
  missing: "missing",
};

/** The fate of disks, as it is told in front of them. */
export function showFate(fate: FoundDisk["fate"]): string {
  return FATES[fate];
}

/** Whether a text names a device or a partition of it. */
export function namesDevice(text: string, device: string): boolean {
  const literal = device.replaceAll(/[.+!-]/g, "\\$&");
  return new RegExp(`${literal}(p?\\d+)?(?![\\w/.-])`).test(text);
}
