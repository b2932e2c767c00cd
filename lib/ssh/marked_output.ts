/**
 * An output of a command on a target, from its mark on.
 *
 * @module
 */
import { PieceReader } from "../pieces.ts";
import { type Mark, MarkFinder } from "./mark.ts";

/** One output of a command that may be started more than once; the start that has printed the mark counts. */
export class MarkedOutput {
  /** What comes behind the mark. */
  readonly stream: ReadableStream<Uint8Array>;
  #finder: MarkFinder;
  #reader: PieceReader | undefined;
  readonly #first = Promise.withResolvers<Uint8Array | undefined>();
  #opened = false;
  #cancelled = false;

  /** Makes one that waits for {@linkcode MarkedOutput.open}. */
  constructor(readonly mark: Mark) {
    this.#finder = new MarkFinder(mark.text);
    let begun = false;
    this.stream = new ReadableStream({
      pull: async (controller) => {
        const first = begun ? undefined : await this.#first.promise;
        begun = true;
        const piece = first?.length ? first : await this.#reader?.read();
        if (piece) controller.enqueue(piece);
        else controller.close();
      },
      cancel: async () => {
        this.#cancelled = true;
        await this.#reader?.cancel();
      },
    }, { highWaterMark: 0 });
  }

  /** The end of what came before the mark. */
  get before(): Uint8Array {
    return this.#finder.before;
  }

  /** Reads an output up to the mark; false when none came. */
  async open(output: ReadableStream<Uint8Array>): Promise<boolean> {
    const reader = this.#reader = new PieceReader(output);
    this.#finder = new MarkFinder(this.mark.text);
    if (this.#cancelled) await reader.cancel();
    for (;;) {
      const piece = await reader.read().catch(() => undefined);
      if (piece === undefined) return false;
      const rest = this.#finder.take(piece);
      if (rest === undefined) continue;
      this.#opened = true;
      this.#first.resolve(rest);
      return true;
    }
  }

  /** Says that nothing more comes, where no mark came; with `all` what came in its place is passed on. */
  close(all = false): void {
    if (this.#opened) return;
    void this.#reader?.cancel();
    this.#first.resolve(all ? this.before : undefined);
  }
}
