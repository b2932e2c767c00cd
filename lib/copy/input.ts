/**
 * The input of a server: questions, and streams between them.
 *
 * @module
 */

/** What a server reads, in the order in which it was added. */
export class Input {
  /** What has been added, for the server's process. */
  readonly stream: ReadableStream<Uint8Array>;
  readonly #queue: AsyncIterable<Uint8Array>[] = [];
  #ended = false;
  #changed = Promise.withResolvers<void>();

  /** Makes one that is empty and open. */
  constructor() {
    this.stream = ReadableStream.from(this.#all());
  }

  /** Adds bytes. */
  add(bytes: Uint8Array): void {
    this.#add((async function* () {
      yield bytes;
    })());
  }

  /** Adds a stream; resolves when all of it was taken, rejects when it fails. */
  pour(parts: AsyncIterable<Uint8Array>): Promise<void> {
    const taken = Promise.withResolvers<void>();
    taken.promise.catch(() => {}); // whoever awaits it hears of it
    this.#add((async function* () {
      try {
        for await (const part of parts) yield part;
        taken.resolve();
      } catch (error) {
        taken.reject(error);
        throw error;
      }
    })());
    return taken.promise;
  }

  /** Adds the end. */
  end(): void {
    this.#ended = true;
    this.#changed.resolve();
  }

  #add(parts: AsyncIterable<Uint8Array>): void {
    this.#queue.push(parts);
    this.#changed.resolve();
  }

  async *#all(): AsyncGenerator<Uint8Array> {
    for (;;) {
      for (let next = this.#queue.shift(); next; next = this.#queue.shift()) yield* next;
      if (this.#ended) return;
      await this.#changed.promise;
      this.#changed = Promise.withResolvers<void>();
    }
  }
}
