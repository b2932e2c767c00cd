/**
 * The input of a command that may have to be started again.
 *
 * @module
 */

/** Gives the same bytes to each attempt, until one has begun to run. Disposal gives the source up. */
export class Replay implements AsyncDisposable {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #kept: Uint8Array[] = [];
  #attempts = 0;
  #committed = false;
  #done = false;
  #reading: Promise<void> | undefined;

  /** Takes the source over. */
  constructor(source: ReadableStream<Uint8Array>) {
    this.#reader = source.getReader();
  }

  /** The source from its beginning on. Cancelling an attempt leaves the source alone. */
  attempt(): ReadableStream<Uint8Array> {
    let at = 0;
    const attempt = ++this.#attempts;
    return new ReadableStream({
      pull: async (controller) => {
        while (at >= this.#kept.length && !this.#done) {
          await (this.#reading ??= this.#read());
          // What comes is for the attempt after it.
          if (attempt !== this.#attempts) return controller.close();
        }
        const piece = this.#kept[at];
        if (piece === undefined) return controller.close();
        if (this.#committed) this.#kept.splice(0, at + 1);
        at = this.#committed ? 0 : at + 1;
        controller.enqueue(piece);
      },
    }, { highWaterMark: 0 });
  }

  /** The attempt that runs is the last one: what it has taken is not kept any more. */
  commit(): void {
    this.#committed = true;
  }

  async #read(): Promise<void> {
    try {
      const { value, done } = await this.#reader.read();
      if (value) this.#kept.push(value);
      this.#done = done;
    } finally {
      this.#reading = undefined;
    }
  }

  /** Gives the source up. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#committed = true;
    await this.#reader.cancel().catch(() => {});
  }
}
