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

/** Requests the archives of paths, one after the other. */
export function requestNars(paths: readonly string[]): Uint8Array {
  return encodeAll(paths.flatMap((path) => [DUMP_STORE_PATH, path]));
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

type Value = number | string | readonly string[];

/** Encodes numbers, texts and lists of texts. */
export function encode(...values: readonly Value[]): Uint8Array {
  return encodeAll(values);
}

function encodeAll(values: readonly Value[]): Uint8Array {
  const encoding = new Encoding(values);
  for (const value of values) {
    if (typeof value === "number") encoding.number(value);
    else if (typeof value === "string") encoding.text(value);
    else {
      encoding.number(value.length);
      for (const text of value) encoding.text(text);
    }
  }
  return encoding.bytes;
}

const ENCODER = new TextEncoder();

/** Values one behind the other. There are several for each of thousands of paths. */
class Encoding {
  readonly #all: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  /** Has room for the values, as long as they can be: a character takes three bytes at most. */
  constructor(values: readonly Value[]) {
    const most = (text: string) => 16 + 3 * text.length;
    const room = values.reduce<number>(
      (sum, value) =>
        sum +
        (typeof value === "number"
          ? 8
          : typeof value === "string"
          ? most(value)
          : value.reduce((sum, text) => sum + most(text), 8)),
      0,
    );
    this.#all = new Uint8Array(room);
    this.#view = new DataView(this.#all.buffer);
  }

  /** What was encoded. */
  get bytes(): Uint8Array {
    return this.#all.subarray(0, this.#at);
  }

  number(value: number): void {
    this.#view.setUint32(this.#at, value % WORD, true);
    this.#view.setUint32(this.#at + 4, Math.floor(value / WORD), true);
    this.#at += 8;
  }

  text(value: string): void {
    const { written } = ENCODER.encodeInto(value, this.#all.subarray(this.#at + 8));
    this.number(written);
    this.#at += Math.ceil(written / 8) * 8;
  }
}

/** The first number that does not fit into 32 bits. */
export const WORD = 2 ** 32;
