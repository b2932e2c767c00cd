/**
 * What is written to a program's input.
 *
 * @module
 */

/** Pieces that wait for a program to read them, up to a number of bytes. */
export class InputQueue {
  /** What the program reads. */
  readonly stream: ReadableStream<Uint8Array>;
  readonly #pieces: Uint8Array[] = [];
  readonly #waiting: ((went: boolean) => void)[] = [];
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #bytes = 0;
  #pulled = false;
  #finished = false;
  #ended = false;

  /** `ahead` is how many bytes may wait before who writes has to wait as well. */
  constructor(readonly ahead: number) {
    this.stream = new ReadableStream({
      start: (controller) => void (this.#controller = controller),
      pull: () => {
        this.#pulled = true;
        this.#serve();
      },
      cancel: () => this.end(),
    }, { highWaterMark: 0 });
  }

  /** Adds a piece; resolves when there is room for another, with false when nobody reads any more. */
  write(bytes: Uint8Array): Promise<boolean> {
    if (this.#ended || this.#finished) return Promise.resolve(false);
    this.#pieces.push(bytes);
    this.#bytes += bytes.length;
    this.#serve();
    if (this.#bytes <= this.ahead) return Promise.resolve(true);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#waiting.push(resolve);
    return promise;
  }

  /** Ends the stream behind what was written. */
  finish(): void {
    this.#finished = true;
    this.#serve();
  }

  /** Gives up what was not read; the stream ends, or fails with `error`. */
  end(error?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#pieces.length = 0;
    for (const resolve of this.#waiting.splice(0)) resolve(false);
    try {
      if (error === undefined) this.#controller.close();
      else this.#controller.error(error);
    } catch {
      // It was cancelled.
    }
  }

  #serve(): void {
    if (this.#ended || !this.#pulled) return;
    const next = this.#pieces.shift();
    if (next === undefined) {
      if (this.#finished) this.end();
      return;
    }
    this.#pulled = false;
    this.#bytes -= next.length;
    this.#controller.enqueue(next);
    if (this.#bytes > this.ahead) return;
    for (const resolve of this.#waiting.splice(0)) resolve(true);
  }
}
