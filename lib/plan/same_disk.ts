/**
 * Whether a disk that was seen by one system is the one that another system sees.
 *
 * @module
 */
import type { Disk } from "./disks.ts";

/**
 * `same`: a serial number or world wide name says so. `alike`: nothing speaks against it, size and model are known to
 * be equal. `unknown`: nothing can be compared.
 */
export type Sameness = "same" | "alike" | "different" | "unknown";

/**
 * Compares a disk as it was shown with a disk as it is seen now. A value that only one of the systems has says
 * nothing: users see less than root. `aliases` are further names by which the second system knows its disk: systems
 * take the serial number from different sources. `shared` are the {@linkcode sharedNames} of the first system's disks.
 */
export function compareDisks(
  shown: Disk,
  now: Disk,
  aliases: readonly string[] = [],
  shared: ReadonlySet<string> = new Set(),
): Sameness {
  const otherSize = shown.size > 0 && now.size > 0 && shown.size !== now.size;
  const names = [now.serial, now.wwn, ...aliases].map(plainName)
    .filter((name) => name !== "" && !shared.has(name));
  const [serial, wwn] = [plainName(shown.serial), plainName(shown.wwn)];
  // The parts of an enclosure may share one serial number.
  if (serial !== "" && names.includes(serial) || wwn !== "" && names.includes(wwn)) {
    return otherSize ? "different" : "same";
  }
  const plainNow = { serial: plainName(now.serial), wwn: plainName(now.wwn) };
  if (names.includes(plainNow.serial) && plainNow.serial === wwn) {
    return otherSize ? "different" : "same";
  }
  const otherSerial = serial !== "" && plainNow.serial !== "" && serial !== plainNow.serial;
  const otherWwn = wwn !== "" && plainNow.wwn !== "" && wwn !== plainNow.wwn;
  // Older systems shorten world wide names.
  const shortened = otherWwn && wwn.length >= 16 &&
    (plainNow.wwn.startsWith(wwn) || wwn.startsWith(plainNow.wwn) && plainNow.wwn.length >= 16);
  if ((otherSerial || otherWwn) && !shortened) return "different";
  if (otherSize || otherModel(shown.model, now.model)) return "different";
  return shown.size > 0 && now.size > 0 ? "alike" : "unknown";
}

/**
 * The serial numbers and world wide names that are no disk's own: the drives in some docks have that of the dock, and
 * some makers write the same into all. The paths to one disk share theirs by right.
 */
export function sharedNames(disks: readonly Disk[]): ReadonlySet<string> {
  const all = disks.filter(({ holds }) => !holds.includes("mpath_member"))
    .flatMap(({ serial, wwn }) => [...new Set([plainName(serial), plainName(wwn)])]);
  return new Set(all.filter((name, at) => name !== "" && all.indexOf(name) !== at));
}

/** Serial numbers and world wide names without what systems write around them. */
function plainName(name: string): string {
  return name.toLowerCase().replace(/^(0x|naa\.|eui\.|wwn-)/, "").replaceAll(/[^\p{L}\p{N}]/gu, "");
}

/** Models are written with blanks or underscores, with the vendor or without, and some systems cut them at 16 bytes. */
function otherModel(a: string, b: string): boolean {
  const [one, other] = [a, b].map((model) => model.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, ""));
  if (!one || !other) return false;
  return !one.includes(other) && !other.includes(one);
}
