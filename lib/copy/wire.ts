/**
 * The language of `nix-store --serve`, which nix itself speaks over `ssh://`: numbers of 64 bits, texts
 * padded to 8 bytes, lists. Pure; {@linkcode WireReader} reads the answers.
 *
 * Its requests used here have been the same from nix 2.1 (version 2.5 of the language) on. nix waits for the
 * answer to each, which is a round trip a path; the language does not ask for that.
 *
 * @module
 */

/** What is known of a store path, as its store tells it. */
export interface PathInfo {
  readonly path: string;
  /** The derivation that it was built by, or "". */
  readonly deriver: string;
  readonly references: readonly string[];
  /** Bytes of its archive. */
  readonly narSize: number;
  readonly narHash: string;
  /** How its name follows from its contents, or "". */
  readonly ca: string;
  readonly signatures: readonly string[];
}

const CLIENT = 0x390c9deb;
/** What a server says first. */
export const SERVER = 0x5452eecb;
/** The version of the language that is used here. */
export const VERSION = 0x205;
const VALID_PATHS = 1;
const PATH_INFOS = 2;
const DUMP = 3;
const CLOSURE = 7;
const ADD = 9;

/** What a client says first. */
export function hello(): Uint8Array {
  return encode(CLIENT, VERSION);
}

/** Asks which of `paths` are there; they are kept from the collector while the server runs. */
export function askValid(paths: readonly string[], substitute = false): Uint8Array {
  return encode(VALID_PATHS, 1, substitute ? 1 : 0, paths);
}

/** Asks for everything that `paths` refer to, and themselves. */
export function askClosure(paths: readonly string[]): Uint8Array {
  return encode(CLOSURE, 0, paths);
}

/** Asks what is known of `paths`. */
export function askInfos(paths: readonly string[]): Uint8Array {
  return encode(PATH_INFOS, paths);
}

/** Asks for the archive of a path. */
export function askDump(path: string): Uint8Array {
  return encode(DUMP, path);
}

/** Says that the archive of a path follows, which is to be added. The answer is 1. */
export function announce(info: PathInfo): Uint8Array {
  const { path, deriver, narHash, references, narSize, signatures, ca } = info;
  return encode(ADD, path, deriver, narHash, references, 0, narSize, 0, signatures, ca);
}

/** Numbers, texts and lists of texts as the language writes them. */
export function encode(...values: readonly (number | string | readonly string[])[]): Uint8Array {
  const parts: (number | Uint8Array)[] = [];
  const text = (value: string) => {
    const bytes = new TextEncoder().encode(value);
    parts.push(bytes.length, bytes);
  };
  for (const value of values) {
    if (typeof value === "number") parts.push(value);
    else if (typeof value === "string") text(value);
    else {
      parts.push(value.length);
      value.forEach(text);
    }
  }
  const size = (part: number | Uint8Array) =>
    typeof part === "number" ? 8 : Math.ceil(part.length / 8) * 8;
  const all = new Uint8Array(parts.reduce<number>((sum, part) => sum + size(part), 0));
  const view = new DataView(all.buffer);
  let at = 0;
  for (const part of parts) {
    if (typeof part === "number") view.setBigUint64(at, BigInt(part), true);
    else all.set(part, at);
    at += size(part);
  }
  return all;
}
