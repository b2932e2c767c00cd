import { parseHeader } from "./header.ts";
import type { TarStreamEntry } from "./types.ts";

export type { OldStyleFormat, PosixUstarFormat, TarStreamEntry } from "./types.ts";

const BLOCK = 512;
/** Links, devices, folders and pipes have nothing behind their header. */
const WITHOUT_CONTENT = "123456";

/** The bytes of an archive in, its entries out, each to be read or cancelled before the next. */
export class UntarStream implements TransformStream<Uint8Array, TarStreamEntry> {
  readonly #readable: ReadableStream<TarStreamEntry>;
  readonly #writable: WritableStream<Uint8Array>;

  constructor() {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    this.#writable = writable;
    this.#readable = ReadableStream.from(entries(new Source(readable)));
  }

  get readable(): ReadableStream<TarStreamEntry> {
    return this.#readable;
  }

  get writable(): WritableStream<Uint8Array> {
    return this.#writable;
  }
}

async function* entries(source: Source): AsyncGenerator<TarStreamEntry> {
  try {
    for (let first = true;; first = false) {
      const block = await source.block();
      if (!block) {
        if (first) throw new RangeError("Not an archive: there are fewer than two blocks");
        throw new TypeError("The archive ends without its two empty blocks");
      }
      if (block.every((byte) => byte === 0)) {
        if (first && !(await source.block())) {
          throw new RangeError("Not an archive: there are fewer than two blocks");
        }
        return;
      }
      const header = parseHeader(block);
      const path = "prefix" in header && header.prefix
        ? `${header.prefix}/${header.name}`
        : header.name;
      if (WITHOUT_CONTENT.includes(header.typeflag)) yield { path, header };
      else {
        const content = new Content(source, header.size);
        yield { path, header, readable: content.stream() };
        await content.over;
      }
    }
  } finally {
    await source.cancel();
  }
}

/** What stands behind one header, as a stream that says when it is over. */
class Content {
  readonly #done = Promise.withResolvers<void>();
  readonly #source: Source;
  readonly #padding: number;
  #left: number;

  constructor(source: Source, size: number) {
    this.#source = source;
    this.#left = size;
    this.#padding = (BLOCK - size % BLOCK) % BLOCK;
  }

  get over(): Promise<void> {
    return this.#done.promise;
  }

  stream(): ReadableStream<Uint8Array> {
    return new ReadableStream({
      type: "bytes",
      pull: async (controller) => {
        const chunk = await this.#next();
        if (chunk) return controller.enqueue(chunk);
        controller.close();
        controller.byobRequest?.respond(0);
      },
      cancel: async () => {
        while (await this.#next());
      },
    });
  }

  async #next(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (this.#left > 0) {
      const chunk = await this.#take(this.#left);
      this.#left -= chunk.length;
      return chunk;
    }
    for (let left = this.#padding; left > 0;) left -= (await this.#take(left)).length;
    this.#done.resolve();
    return undefined;
  }

  async #take(most: number): Promise<Uint8Array<ArrayBuffer>> {
    const chunk = await this.#source.take(most);
    if (chunk) return chunk.slice();
    throw new SyntaxError("The archive ends inside an entry");
  }
}

/** A stream of bytes, taken in the sizes that are needed. */
class Source {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #rest = new Uint8Array(0) as Uint8Array;

  constructor(readable: ReadableStream<Uint8Array>) {
    this.#reader = readable.getReader();
  }

  /** The next bytes, one to `most` of them; nothing at the end. */
  async take(most: number): Promise<Uint8Array | undefined> {
    while (!this.#rest.length) {
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      this.#rest = value;
    }
    const taken = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(most);
    return taken;
  }

  /** The next whole block; nothing at the end. */
  async block(): Promise<Uint8Array | undefined> {
    const block = new Uint8Array(BLOCK);
    for (let filled = 0; filled < BLOCK;) {
      const part = await this.take(BLOCK - filled);
      if (!part && filled) throw new RangeError(`The last block has ${filled} bytes only`);
      if (!part) return undefined;
      block.set(part, filled);
      filled += part.length;
    }
    return block;
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel("nothing more is needed");
  }
}
