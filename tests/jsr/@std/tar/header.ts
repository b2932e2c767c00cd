import type { OldStyleFormat, PosixUstarFormat } from "./types.ts";

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();
const MAGIC = "ustar\0" + "00";

/** Where each field of a header starts and ends. */
const FIELD = {
  name: [0, 100],
  mode: [100, 108],
  uid: [108, 116],
  gid: [116, 124],
  size: [124, 136],
  mtime: [136, 148],
  checksum: [148, 156],
  typeflag: [156, 157],
  linkname: [157, 257],
  magic: [257, 265],
  uname: [265, 297],
  gname: [297, 329],
  devmajor: [329, 337],
  devminor: [337, 345],
  prefix: [345, 500],
} as const;

type Field = keyof typeof FIELD;

/** The fields a header is made of. */
export type Fields =
  & Omit<PosixUstarFormat, "name" | "prefix" | "magic" | "version">
  & { name: Uint8Array; prefix: Uint8Array };

/** The block of 512 bytes that goes before an entry. */
export function header(fields: Fields): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(512);
  const put = (field: Field, value: string | Uint8Array) =>
    block.set(typeof value === "string" ? ENCODER.encode(value) : value, FIELD[field][0]);
  for (const field of ["mode", "uid", "gid"] as const) put(field, `${octal(fields[field], 6)} \0`);
  put("size", fields.size > 8 ** 11 ? octal(fields.size, 12) : `${octal(fields.size, 11)} `);
  put("mtime", `${octal(fields.mtime, 11)} `);
  const rest = ["name", "typeflag", "linkname", "uname", "gname", "devmajor", "devminor", "prefix"];
  for (const field of rest as (Field & keyof Fields)[]) put(field, fields[field] as string);
  put("magic", MAGIC);
  put("checksum", `${octal(checksum(block), 6)}\0 `);
  return block;
}

/** The fields of a block, or an error when its sum is wrong. */
export function parseHeader(block: Uint8Array): OldStyleFormat | PosixUstarFormat {
  const raw = (field: Field) => DECODER.decode(block.subarray(...FIELD[field]));
  const text = (field: Field) => raw(field).split("\0", 1)[0] ?? "";
  const number = (field: Field) => parseInt(raw(field), 8);
  if (number("checksum") !== checksum(block)) {
    throw new SyntaxError(`The header of "${text("name")}" is damaged: its sum is wrong`);
  }
  const old: OldStyleFormat = {
    name: text("name"),
    mode: number("mode"),
    uid: number("uid"),
    gid: number("gid"),
    size: number("size"),
    mtime: number("mtime"),
    typeflag: raw("typeflag").replace("\0", "0"),
    linkname: text("linkname"),
  };
  if (raw("magic") !== MAGIC) return old;
  return {
    ...old,
    magic: MAGIC.slice(0, 6),
    version: MAGIC.slice(6),
    uname: text("uname"),
    gname: text("gname"),
    devmajor: raw("devmajor").replaceAll("\0", ""),
    devminor: raw("devminor").replaceAll("\0", ""),
    prefix: text("prefix"),
  };
}

/** The sum of all bytes, those of the sum itself read as spaces. */
function checksum(block: Uint8Array): number {
  const [start, end] = FIELD.checksum;
  return block.reduce((sum, byte, at) => sum + (at >= start && at < end ? 32 : byte), 0);
}

function octal(value: number, digits: number): string {
  return Math.floor(value).toString(8).padStart(digits, "0");
}
