/**
 * Reading the answers of `nix-store --serve`.
 *
 * @module
 */
import { AnswerError } from "../../errors.ts";
import { PieceReader } from "../../pieces.ts";
import { type PathInfo, SERVER_MAGIC, VERSION, WORD } from "./serve_requests.ts";

/** A path's name has at most 211 characters, a signature a few hundred. */
const MAX_TEXT = 4096;
/** Bytes that are read ahead. */
const AHEAD = 1024 * 1024;
const MAX_LIST = 1_000_000;

const DECODER = new TextDecoder();

/** Thrown where a value is not complete yet: it is read again once more bytes are there. */
const INCOMPLETE = Symbol("incomplete");

/** Reads the answers of a server. It may be hostile: every length is checked. */
export class ServeReader {
  readonly #reader: PieceReader;
  #buffer: Uint8Array = new Uint8Array();
  #at = 0;
  readonly #queue: Uint8Array[] = [];
  #queued = 0;
  #ended: { error?: unknown } | undefined;
  #pumping = false;
  #wake: (() => void) | undefined;

  /** Reads from `stream`; `who` is the server, for messages. */
  constructor(stream: ReadableStream<Uint8Array>, readonly who: string) {
    this.#reader = new PieceReader(stream);
  }

  /** Reads and checks the server's greeting. */
  async greeting(): Promise<void> {
    const [magic, version] = [await this.number(), await this.number()];
    if (magic !== SERVER_MAGIC || version >> 8 !== VERSION >> 8 || version < VERSION) {
      throw this.#unexpected("is not the nix-store --serve that was expected");
    }
  }

  /** Reads a number. */
  number(): Promise<number> {
    return this.#whole(() => this.#number());
  }

  /** Reads a text. */
  text(): Promise<string> {
    return this.#whole(() => this.#text());
  }

  /** Reads a list of texts. */
  async texts(): Promise<string[]> {
    const length = await this.#whole(() => this.#length());
    const list: string[] = [];
    while (list.length < length) list.push(await this.text());
    return list;
  }

  /** Reads what is known of paths, up to the empty one that ends the answer. */
  async infos(): Promise<PathInfo[]> {
    const infos: PathInfo[] = [];
    for (;;) {
      const info = await this.#whole(() => this.#info());
      if (!info) return infos;
      infos.push(info);
    }
  }

  /** Reads `count` bytes, as they come. */
  async *bytes(count: number): AsyncGenerator<Uint8Array> {
    for (let left = count; left > 0;) {
      const part = this.take(left);
      left -= part.length;
      if (part.length > 0) yield part;
      else await this.more();
    }
  }

  /** Takes up to `count` bytes of those that are there. */
  take(count: number): Uint8Array {
    const part = this.#buffer.subarray(this.#at, this.#at + count);
    this.#at += part.length;
    return part;
  }

  /** Takes up to `most` numbers of those that are there whole, and says how many. */
  takeNumbers(most: number): number {
    const count = Math.min(most, Math.floor((this.#buffer.length - this.#at) / 8));
    this.#at += 8 * count;
    return count;
  }

  /** Waits for more bytes. */
  async more(): Promise<void> {
    if (!await this.#read()) throw this.#unexpected("ended before it had answered");
  }

  /** Whether nothing more comes. */
  async ended(): Promise<boolean> {
    while (this.#at === this.#buffer.length) if (!await this.#read()) return true;
    return false;
  }

  /** Gives the rest of the stream up. */
  async cancel(): Promise<void> {
    await this.#reader.cancel();
  }

  /** The value that `read` makes of the bytes that are there, once there are enough of them. */
  async #whole<T>(read: () => T): Promise<T> {
    for (;;) {
      const before = this.#at;
      try {
        return read();
      } catch (error) {
        if (error !== INCOMPLETE) throw error;
        this.#at = before;
        await this.more();
      }
    }
  }

  #number(): number {
    const part = this.#part(8);
    const view = new DataView(part.buffer, part.byteOffset);
    const value = view.getUint32(0, true) + WORD * view.getUint32(4, true);
    if (value > Number.MAX_SAFE_INTEGER) throw this.#unexpected("answers with a number too large");
    return value;
  }

  #text(): string {
    const length = this.#number();
    if (length > MAX_TEXT) throw this.#unexpected(`answers with a text of ${length} bytes`);
    return DECODER.decode(this.#part(Math.ceil(length / 8) * 8).subarray(0, length));
  }

  #length(): number {
    const length = this.#number();
    if (length <= MAX_LIST) return length;
    throw this.#unexpected(`answers with a list of ${length} texts`);
  }

  #texts(): string[] {
    const list: string[] = [];
    for (let left = this.#length(); left > 0; left--) list.push(this.#text());
    return list;
  }

  #info(): PathInfo | undefined {
    const path = this.#text();
    if (path === "") return undefined;
    const [deriver, references] = [this.#text(), this.#texts()];
    this.#number(); // the size of its download, which nobody knows
    const [narSize, narHash, ca] = [this.#number(), this.#text(), this.#text()];
    return { path, deriver, references, narSize, narHash, ca, signatures: this.#texts() };
  }

  #part(count: number): Uint8Array {
    if (this.#buffer.length - this.#at < count) throw INCOMPLETE;
    return this.#buffer.subarray(this.#at, this.#at += count);
  }

  /** Reads on, behind what is there and was not used. */
  async #read(): Promise<boolean> {
    const value = await this.#next();
    if (value === undefined) return false;
    const rest = this.#buffer.subarray(this.#at);
    this.#at = 0;
    this.#buffer = value;
    if (rest.length === 0) return true;
    this.#buffer = new Uint8Array(rest.length + value.length);
    this.#buffer.set(rest);
    this.#buffer.set(value, rest.length);
    return true;
  }

  /** The next piece; the ones after it are read meanwhile. */
  async #next(): Promise<Uint8Array | undefined> {
    if (!this.#pumping) this.#pump();
    while (this.#queue.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const next = this.#queue.shift();
    if (next) this.#queued -= next.length;
    if (!this.#pumping && !this.#ended) this.#pump();
    if (!next && this.#ended?.error !== undefined) throw this.#ended.error;
    return next;
  }

  async #pump(): Promise<void> {
    this.#pumping = true;
    try {
      while (this.#queued < AHEAD) {
        const piece = await this.#reader.read();
        if (piece === undefined) {
          this.#ended = {};
          break;
        }
        this.#queue.push(piece);
        this.#queued += piece.length;
        this.#wake?.();
      }
    } catch (error) {
      this.#ended = { error };
    }
    this.#pumping = false;
    this.#wake?.();
  }

  #unexpected(what: string): AnswerError {
    return new AnswerError(`${this.who}: nix-store --serve ${what}`, {
      hint: "see nix's own output; --debug shows every command",
    });
  }
}
