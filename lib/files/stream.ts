/**
 * Small parts for byte streams.
 *
 * @module
 */

/** Milliseconds between two times that it is told how far something is. */
const OFTEN = 100;

/**
 * Passes bytes on and tells how many have passed, at most ten times a second and at the end; also when they come no more
 * for a while.
 */
export function countBytes<Buffer extends ArrayBufferLike>(
  tell: (done: number) => void,
): TransformStream<Uint8Array<Buffer>, Uint8Array<Buffer>> {
  let done = 0;
  const often = new Often(() => tell(done));
  const transformer: Transformer<Uint8Array<Buffer>, Uint8Array<Buffer>> = {
    transform(chunk, controller) {
      done += chunk.length;
      controller.enqueue(chunk);
      often.changed();
    },
    flush: () => often.end(),
    cancel: () => often.end(),
  };
  return new TransformStream(transformer);
}

/** Tells of changes, not too often, and always of the last one. */
export class Often {
  readonly #tell: () => void;
  #told = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Calls `tell` at most ten times a second. */
  constructor(tell: () => void) {
    this.#tell = tell;
  }

  /** Something has changed. */
  changed(): void {
    if (this.#timer !== undefined) return;
    const left = this.#told + OFTEN - performance.now();
    if (left <= 0) this.#now();
    else this.#timer = setTimeout(() => this.#now(), left);
  }

  /** Tells the last, now. */
  end(): void {
    clearTimeout(this.#timer);
    this.#now();
  }

  #now(): void {
    this.#timer = undefined;
    this.#told = performance.now();
    this.#tell();
  }
}

/**
 * Joins small chunks into chunks of `size` bytes. @std/streams has this only among its unstable parts.
 */
export function rechunk(size: number): TransformStream<Uint8Array, Uint8Array> {
  let buffer = new Uint8Array(size);
  let filled = 0;
  return new TransformStream({
    transform(chunk, controller) {
      for (let from = 0; from < chunk.length;) {
        const part = chunk.subarray(from, from + size - filled);
        buffer.set(part, filled);
        filled += part.length;
        from += part.length;
        if (filled < size) continue;
        controller.enqueue(buffer);
        buffer = new Uint8Array(size);
        filled = 0;
      }
    },
    flush(controller) {
      if (filled > 0) controller.enqueue(buffer.subarray(0, filled));
    },
  });
}
