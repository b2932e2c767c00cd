/**
 * The serve protocol, which nix speaks to `nix-store --serve` over `ssh://`: numbers of 64 bits, texts padded to
 * 8 bytes, lists. Pure; {@linkcode ServeReader} reads the answers.
 *
 * The requests used here have been the same since nix 2.1 (protocol version 2.5). nix waits for the answer to each,
 * which costs a round trip a path; the protocol does not demand that.
 *
 * @module
 */

/** What a store knows of a path. */
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

const CLIENT_MAGIC = 0x390c9deb;
/** The first number that a server sends. */
export const SERVER_MAGIC = 0x5452eecb;
/** The protocol version that is used here. */
export const VERSION = 0x205;
const QUERY_VALID_PATHS = 1;
const QUERY_PATH_INFOS = 2;
const DUMP_STORE_PATH = 3;
const QUERY_CLOSURE = 7;
const ADD_TO_STORE_NAR = 9;

/** What a client sends first. */
export function clientGreeting(): Uint8Array {
  return encode(CLIENT_MAGIC, VERSION);
}

/** Requests which of `paths` are valid; they are kept from the collector while the server runs. */
export function requestValid(paths: readonly string[], substitute = false): Uint8Array {
  return encode(QUERY_VALID_PATHS, 1, substitute ? 1 : 0, paths);
}

/** Requests everything that `paths` refer to, and themselves. */
export function requestClosure(paths: readonly string[]): Uint8Array {
  return encode(QUERY_CLOSURE, 0, paths);
}

/** Requests what is known of `paths`. */
export function requestInfos(paths: readonly string[]): Uint8Array {
  return encode(QUERY_PATH_INFOS, paths);
}

/** Requests the archive of a path. */
export function requestNar(path: string): Uint8Array {
  return encode(DUMP_STORE_PATH, path);
}

/** Adds a path whose archive follows. The answer is the number 1. */
export function addPath(info: PathInfo): Uint8Array {
  const { path, deriver, narHash, references, narSize, signatures, ca } = info;
  return encode(
    ADD_TO_STORE_NAR,
    path,
    deriver,
    narHash,
    references,
    0,
    narSize,
    0,
    signatures,
    ca,
  );
}

/** Encodes numbers, texts and lists of texts. */
export function encode(...values: readonly (number | string | readonly string[])[]): Uint8Array {
  const encoder = new TextEncoder();
  const text = (value: string) => {
    const bytes = encoder.encode(value);
    return [bytes.length, bytes];
  };
  const parts = values.flatMap((value) =>
    typeof value === "number"
      ? [value]
      : typeof value === "string"
      ? text(value)
      : [value.length, ...value.flatMap(text)]
  );
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
