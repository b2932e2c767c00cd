/**
 * An output of a command on a target, from its mark on.
 *
 * @module
 */
import { type Mark, MarkFinder } from "./mark.ts";

/** One output of a command that may be started more than once; the start that has printed the mark counts. */
export class MarkedOutput {
  /** What comes behind the mark. */
  readonly stream: ReadableStream<Uint8Array>;
  #finder: MarkFinder;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
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
        const piece = first?.length ? first : (await this.#reader?.read())?.value;
        if (piece) controller.enqueue(piece);
        else controller.close();
      },
      cancel: async () => {
        this.#cancelled = true;
        await this.#reader?.cancel().catch(() => {});
      },
    }, { highWaterMark: 0 });
  }

  /** The end of what came before the mark. */
  get before(): Uint8Array {
    return this.#finder.before;
  }

  /** Reads an output up to the mark; false when none came. */
  async open(output: ReadableStream<Uint8Array>): Promise<boolean> {
    const reader = this.#reader = output.getReader();
    this.#finder = new MarkFinder(this.mark.text);
    if (this.#cancelled) await reader.cancel().catch(() => {});
    for (;;) {
      const { value } = await reader.read().catch(() => ({ value: undefined }));
      if (value === undefined) return false;
      const rest = this.#finder.take(value);
      if (rest === undefined) continue;
      this.#opened = true;
      this.#first.resolve(rest);
      return true;
    }
  }

  /** Says that nothing more comes, where no mark came; with `all` what came in its place is passed on. */
  close(all = false): void {
    if (this.#opened) return;
    void this.#reader?.cancel().catch(() => {});
    this.#first.resolve(all ? this.before : undefined);
  }
}
