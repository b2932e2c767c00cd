/**
 * Writing to an output that may be slow, full or gone.
 *
 * @module
 */

/** What can be written to: the standard output, the error output. */
interface Writer {
  /** Writes some of the bytes, and returns how many. */
  writeSync(bytes: Uint8Array): number;
}

/** How long a reader that takes nothing is waited for, in milliseconds. */
const PATIENCE = 60_000;
const PAUSE = 10;

/**
 * A pipe takes so many bytes at once or none. Deno's standard output holds back what follows a line feed, even where it
 * says that nothing was written: a piece ends with one where it has one.
 */
const PIECE = 4096;
const LINE_FEED = 10;

const encoder = new TextEncoder();
const clock = new Int32Array(new SharedArrayBuffer(4));

/** An output of the command. What cannot be written ends no install: it is known afterwards that something was lost. */
export class Output {
  readonly #writer: Writer;
  #stalled = false;

  /** Why something could not be written, the first time that this was so. */
  lost: Error | undefined;

  /** Makes one that writes at once. */
  constructor(writer: Writer) {
    this.#writer = writer;
  }

  /** Writes a text whole. A pipe that another process has made non-blocking is waited for, as one that blocks would. */
  write(text: string): void {
    for (let rest = encoder.encode(text); rest.length > 0;) {
      const some = rest.subarray(0, PIECE);
      const lines = rest.length > PIECE ? some.lastIndexOf(LINE_FEED) + 1 : 0;
      const piece = lines > 0 ? some.subarray(0, lines) : some;
      if (!this.#writePiece(piece)) return;
      rest = rest.subarray(piece.length);
    }
  }

  #writePiece(piece: Uint8Array): boolean {
    let waited = 0;
    for (let at = 0; at < piece.length;) {
      try {
        at += this.#writer.writeSync(piece.subarray(at));
        [waited, this.#stalled] = [0, false];
      } catch (error) {
        const stalled = error instanceof Deno.errors.WouldBlock;
        if (!stalled || this.#stalled || waited >= PATIENCE) {
          this.#stalled = stalled;
          this.lost ??= error as Error;
          return false;
        }
        Atomics.wait(clock, 0, 0, PAUSE);
        waited += PAUSE;
      }
    }
    return true;
  }

  /** Writes a line. */
  readonly line = (text: string): void => this.write(`${text}\n`);
}
