/**
 * Reading what a program says piece by piece.
 *
 * @module
 */

/** What a pipe of Linux holds. */
const SIZE = 64 * 1024;

/**
 * Reads a stream. Of one of bytes the pieces are as large as what was there: Deno's own reader makes 64 KiB for each,
 * and a program that answers with a few bytes at a time has it collect garbage for a good part of the time.
 */
export class PieceReader {
  readonly #bytes: ReadableStreamBYOBReader | undefined;
  readonly #any: ReadableStreamDefaultReader<Uint8Array> | undefined;
  /** For the next piece, from one that was small. */
  #buffer: ArrayBufferLike | undefined;

  /** Takes the stream over. */
  constructor(stream: ReadableStream<Uint8Array>) {
    try {
      this.#bytes = stream.getReader({ mode: "byob" });
    } catch {
      // It is not one of bytes.
      this.#any = stream.getReader();
    }
  }

  /** The next piece; nothing when the stream has ended. */
  async read(): Promise<Uint8Array | undefined> {
    if (this.#any) return (await this.#any.read()).value;
    const buffer = this.#buffer ?? new ArrayBuffer(SIZE);
    // Reading takes it away, whatever comes of it.
    this.#buffer = undefined;
    const { value, done } = await this.#bytes!.read(new Uint8Array(buffer));
    if (done) return undefined;
    if (value.length > SIZE / 2) return value;
    this.#buffer = value.buffer;
    return value.slice();
  }

  /** Gives the rest up. */
  async cancel(): Promise<void> {
    await (this.#bytes ?? this.#any)?.cancel().catch(() => {});
  }
}
