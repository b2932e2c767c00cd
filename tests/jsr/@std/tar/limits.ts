import type { TarStreamOptions } from "./types.ts";

const ENCODER = new TextEncoder();

/** Throws what is wrong with the options of an entry. */
export function assertValidTarStreamOptions(options: TarStreamOptions): void {
  for (const [field, digits] of [["mode", 6], ["uid", 6], ["gid", 6], ["mtime", 11]] as const) {
    const value = options[field];
    if (value !== undefined && !(value >= 0 && value < 8 ** digits)) {
      throw new TypeError(`${field} ${value} does not fit into ${digits} octal digits`);
    }
  }
  for (const field of ["uname", "gname"] as const) {
    const value = options[field] ?? "";
    if (value.length > 31 || [...value].some((char) => char.charCodeAt(0) > 127)) {
      throw new TypeError(`${field} "${value}" is not plain text of up to 31 characters`);
    }
  }
  for (const field of ["devmajor", "devminor"] as const) {
    const value = options[field] ?? "";
    if (value.length > 8) throw new TypeError(`${field} "${value}" is longer than 8 characters`);
  }
}

/** Throws when a path does not fit into a header. */
export function assertValidPath(path: string): void {
  splitPath(path);
}

/** Throws when the target of a symbolic link does not fit into a header. */
export function assertValidLinkname(linkname: string): void {
  const { length } = ENCODER.encode(linkname);
  if (length < 1 || length > 100) {
    throw new TypeError(`A link's target has 1 to 100 bytes, "${linkname}" has ${length}`);
  }
}

/** A path in the two fields of a header: up to 155 bytes, a slash, up to 100 bytes. */
export function splitPath(path: string): { name: Uint8Array; prefix: Uint8Array } {
  const bytes = ENCODER.encode(path);
  if (bytes.length <= 100) return { name: bytes, prefix: new Uint8Array(0) };
  if (bytes.length > 256) {
    throw new RangeError(`A path has up to 256 bytes, "${path}" has ${bytes.length}`);
  }
  // The slash that goes between the fields is counted with the name: of it, 99 bytes are left.
  const slash = bytes.findIndex((byte, at) => byte === 0x2f && bytes.length - at <= 100);
  if (slash < 0) throw new RangeError(`The last part of "${path}" is longer than 99 bytes`);
  if (slash > 155) {
    throw new TypeError(`"${path}" has no slash where it can be split into 155 and 100 bytes`);
  }
  return { prefix: bytes.subarray(0, slash), name: bytes.subarray(slash + 1) };
}
