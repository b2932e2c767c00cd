/** Bytes in pieces of any size in, pieces of one size out; only the last may be shorter. */
export class FixedChunkStream extends TransformStream<Uint8Array, Uint8Array> {
  constructor(size: number) {
    let block = new Uint8Array(size);
    let filled = 0;
    super({
      transform(piece, controller) {
        for (let from = 0; from < piece.length;) {
          const part = piece.subarray(from, from + size - filled);
          block.set(part, filled);
          filled += part.length;
          from += part.length;
          if (filled < size) continue;
          controller.enqueue(block);
          // Handed over: what comes next needs memory of its own.
          block = new Uint8Array(size);
          filled = 0;
        }
      },
      flush(controller) {
        if (filled) controller.enqueue(block.subarray(0, filled));
      },
    });
  }
}
