/**
 * The language of `nix-store --serve`, which nix itself speaks over `ssh://`: numbers of 64 bits, texts
 * padded to 8 bytes, lists. Pure but for reading a stream.
 *
 * Its requests used here have been the same from nix 2.1 (version 2.5 of the language) on. nix waits for the
 * answer to each, which is a round trip a path; the language does not ask for that.
 *
 * @module
 */
import { AnswerError } from "../errors.ts";

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
const SERVER = 0x5452eecb;
const VERSION = 0x205;
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

/** A path's name has at most 211 characters, a signature a few hundred. */
const MAX_TEXT = 4096;
const MAX_LIST = 1_000_000;

/** Reads what a server says. It may be hostile: nothing is believed to be short. */
export class WireReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #buffer: Uint8Array = new Uint8Array();

  /** Reads from `stream`; `who` is the server, for messages. */
  constructor(stream: ReadableStream<Uint8Array>, readonly who: string) {
    this.#reader = stream.getReader();
  }

  /** Checks what a server says first. */
  async hello(): Promise<void> {
    const [magic, version] = [await this.number(), await this.number()];
    if (magic !== SERVER || version >> 8 !== VERSION >> 8 || version < VERSION) {
      throw this.#nonsense(`is not the nix-store --serve that was expected`);
    }
  }

  /** Reads a number. */
  async number(): Promise<number> {
    const bytes = await this.#exactly(8);
    const value = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
    if (value > Number.MAX_SAFE_INTEGER) throw this.#nonsense(`answers with a number too large`);
    return Number(value);
  }

  /** Reads a text. */
  async text(): Promise<string> {
    const length = await this.number();
    if (length > MAX_TEXT) throw this.#nonsense(`answers with a text of ${length} bytes`);
    const bytes = await this.#exactly(Math.ceil(length / 8) * 8);
    return new TextDecoder().decode(bytes.subarray(0, length));
  }

  /** Reads a list of texts. */
  async texts(): Promise<string[]> {
    const length = await this.number();
    if (length > MAX_LIST) throw this.#nonsense(`answers with a list of ${length} texts`);
    const list: string[] = [];
    for (let i = 0; i < length; i++) list.push(await this.text());
    return list;
  }

  /** Reads what is known of paths, up to the empty one that ends the answer. */
  async infos(): Promise<PathInfo[]> {
    const infos: PathInfo[] = [];
    for (let path = await this.text(); path !== ""; path = await this.text()) {
      const [deriver, references] = [await this.text(), await this.texts()];
      await this.number(); // its size when downloaded, which nobody knows
      const [narSize, narHash] = [await this.number(), await this.text()];
      const [ca, signatures] = [await this.text(), await this.texts()];
      infos.push({ path, deriver, references, narSize, narHash, ca, signatures });
    }
    return infos;
  }

  /** Reads `count` bytes, as they come. */
  async *take(count: number): AsyncGenerator<Uint8Array> {
    for (let left = count; left > 0;) {
      if (await this.ended()) throw this.#nonsense("ended before it had answered");
      const part = this.#buffer.subarray(0, left);
      this.#buffer = this.#buffer.subarray(part.length);
      left -= part.length;
      yield part;
    }
  }

  /** Whether nothing more comes. */
  async ended(): Promise<boolean> {
    while (this.#buffer.length === 0) {
      const { value, done } = await this.#reader.read();
      if (done) return true;
      this.#buffer = value;
    }
    return false;
  }

  /** Gives the rest of the stream up. */
  async cancel(): Promise<void> {
    await this.#reader.cancel().catch(() => {});
  }

  async #exactly(count: number): Promise<Uint8Array> {
    if (this.#buffer.length < count) {
      const all = new Uint8Array(count);
      let at = 0;
      for await (const part of this.take(count)) {
        all.set(part, at);
        at += part.length;
      }
      return all;
    }
    const bytes = this.#buffer.subarray(0, count);
    this.#buffer = this.#buffer.subarray(count);
    return bytes;
  }

  #nonsense(what: string): AnswerError {
    return new AnswerError(`${this.who}: nix-store --serve ${what}`, {
      hint: "see nix's own output; --debug shows every command",
    });
  }
}
