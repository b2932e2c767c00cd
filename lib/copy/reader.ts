/**
 * Reading what a `nix-store --serve` says.
 *
 * @module
 */
import { AnswerError } from "../errors.ts";
import { type PathInfo, SERVER, VERSION } from "./wire.ts";

/** A path's name has at most 211 characters, a signature a few hundred. */
const MAX_TEXT = 4096;
const MAX_LIST = 1_000_000;

const DECODER = new TextDecoder();

/** Reads what a server says. It may be hostile: nothing is believed to be short. */
export class WireReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #buffer: Uint8Array = new Uint8Array();
  #at = 0;

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
    return await this.#whole(() => this.#number());
  }

  /** Reads a text. */
  async text(): Promise<string> {
    return await this.#whole(() => this.#text());
  }

  /** Reads a list of texts. */
  async texts(): Promise<string[]> {
    const length = await this.#whole(() => this.#length());
    const list: string[] = [];
    while (list.length < length) {
      const text = this.#text();
      if (text === undefined) await this.#more();
      else list.push(text);
    }
    return list;
  }

  /** Reads what is known of paths, up to the empty one that ends the answer. */
  async infos(): Promise<PathInfo[]> {
    const infos: PathInfo[] = [];
    for (;;) {
      const info = await this.#whole(() => this.#info());
      if (info.path === "") return infos;
      infos.push(info);
    }
  }

  /** Reads `count` bytes, as they come. */
  async *take(count: number): AsyncGenerator<Uint8Array> {
    for (let left = count; left > 0;) {
      if (this.#at === this.#buffer.length) await this.#more();
      const part = this.#buffer.subarray(this.#at, this.#at + left);
      this.#at += part.length;
      left -= part.length;
      yield part;
    }
  }

  /** Whether nothing more comes. */
  async ended(): Promise<boolean> {
    while (this.#at === this.#buffer.length) if (!await this.#read()) return true;
    return false;
  }

  /** Gives the rest of the stream up. */
  async cancel(): Promise<void> {
    await this.#reader.cancel().catch(() => {});
  }

  // What follows reads what has come already, at once, and gives nothing back where that is too little: waiting for
  // each number of thousands takes longer than reading them.

  #number(): number | undefined {
    if (this.#buffer.length - this.#at < 8) return undefined;
    const { buffer, byteOffset } = this.#buffer;
    const value = new DataView(buffer, byteOffset + this.#at).getBigUint64(0, true);
    if (value > Number.MAX_SAFE_INTEGER) throw this.#nonsense(`answers with a number too large`);
    this.#at += 8;
    return Number(value);
  }

  #text(): string | undefined {
    const before = this.#at;
    const length = this.#number();
    if (length === undefined) return undefined;
    if (length > MAX_TEXT) throw this.#nonsense(`answers with a text of ${length} bytes`);
    const end = this.#at + Math.ceil(length / 8) * 8;
    if (end > this.#buffer.length) {
      this.#at = before;
      return undefined;
    }
    const text = DECODER.decode(this.#buffer.subarray(this.#at, this.#at + length));
    this.#at = end;
    return text;
  }

  #length(): number | undefined {
    const length = this.#number();
    if (length === undefined || length <= MAX_LIST) return length;
    throw this.#nonsense(`answers with a list of ${length} texts`);
  }

  #texts(): string[] | undefined {
    const length = this.#length();
    if (length === undefined) return undefined;
    const list: string[] = [];
    while (list.length < length) {
      const text = this.#text();
      if (text === undefined) return undefined;
      list.push(text);
    }
    return list;
  }

  #info(): PathInfo | undefined {
    const path = this.#text();
    if (path === "") return NO_INFO;
    if (path === undefined) return undefined;
    const deriver = this.#text();
    if (deriver === undefined) return undefined;
    const references = this.#texts();
    // Its size when downloaded, which nobody knows.
    if (!references || this.#number() === undefined) return undefined;
    const narSize = this.#number();
    if (narSize === undefined) return undefined;
    const narHash = this.#text();
    if (narHash === undefined) return undefined;
    const ca = this.#text();
    if (ca === undefined) return undefined;
    const signatures = this.#texts();
    return signatures && { path, deriver, references, narSize, narHash, ca, signatures };
  }

  /** What `read` makes of what comes, once enough has come. */
  async #whole<T>(read: () => T | undefined): Promise<T> {
    for (;;) {
      const before = this.#at;
      const value = read();
      if (value !== undefined) return value;
      this.#at = before;
      await this.#more();
    }
  }

  async #more(): Promise<void> {
    if (!await this.#read()) throw this.#nonsense("ended before it had answered");
  }

  /** Reads on; what has come and was not read stays. */
  async #read(): Promise<boolean> {
    const { value, done } = await this.#reader.read();
    if (done) return false;
    const rest = this.#buffer.subarray(this.#at);
    this.#at = 0;
    this.#buffer = value;
    if (rest.length === 0) return true;
    this.#buffer = new Uint8Array(rest.length + value.length);
    this.#buffer.set(rest);
    this.#buffer.set(value, rest.length);
    return true;
  }

  #nonsense(what: string): AnswerError {
    return new AnswerError(`${this.who}: nix-store --serve ${what}`, {
      hint: "see nix's own output; --debug shows every command",
    });
  }
}

/** Stands for the end of a list. */
const NO_INFO: PathInfo = {
  ...{ path: "", deriver: "", references: [], narSize: 0, narHash: "", ca: "", signatures: [] },
};
