/**
 * Small parts for byte streams.
 *
 * @module
 */

/** Passes bytes on and tells how many have passed, at most ten times a second and at the end. */
export function countBytes<Buffer extends ArrayBufferLike>(
  tell: (done: number) => void,
): TransformStream<Uint8Array<Buffer>, Uint8Array<Buffer>> {
  let done = 0;
  let told = 0;
  return new TransformStream({
    transform(chunk, controller) {
      done += chunk.length;
      controller.enqueue(chunk);
      const now = performance.now();
      if (now - told < 100) return;
      told = now;
      tell(done);
    },
    flush: () => tell(done),
  });
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
