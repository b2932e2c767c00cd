/**
 * Shows events as lines of JSON.
 *
 * @module
 */
import { type Rendered, type Renderer, Seen, shownLine } from "./renderer.ts";

/** Writes an event a line. */
export class JsonRenderer implements Renderer {
  readonly #write: (line: string) => void;
  readonly #seen = new Seen();

  /** Makes one that hands `write` one line at a time, without its line feed. */
  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  /** Shows an event. */
  readonly report = (event: Rendered): void => {
    this.#write(JSON.stringify(event));
    if (event.type === "output") this.#seen.add(shownLine(event.line));
  };

  /** The last lines of a failed command's output that were in no event. */
  unseen(output: string): string[] {
    return this.#seen.rest(output);
  }
}
