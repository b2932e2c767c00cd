/**
 * Shows events as lines of JSON.
 *
 * @module
 */
import { type Rendered, type Renderer, Seen, shownLine } from "./renderer.ts";
import { OutputFilter } from "./trace.ts";

/** How events become lines; everything has a default. */
export interface JsonOptions {
  /** Whether commands, debug lines, and all that programs print are written too. Default: true */
  readonly debug?: boolean | undefined;
}

/** Writes an event a line. */
export class JsonRenderer implements Renderer {
  readonly #write: (line: string) => void;
  readonly #debug: boolean;
  readonly #seen = new Seen();
  readonly #filter: OutputFilter;

  /** Makes one that hands `write` one line at a time, without its line feed. */
  constructor(write: (line: string) => void, { debug = true }: JsonOptions = {}) {
    this.#write = write;
    this.#debug = debug;
    this.#filter = new OutputFilter(debug);
  }

  /** Shows an event. */
  readonly report = (event: Rendered): void => {
    if (!this.#debug && this.#isDebug(event)) return;
    this.#write(JSON.stringify(event));
    if (event.type === "output") this.#seen.add(shownLine(event.line));
  };

  /** The last lines of a failed command's output that were in no event. */
  unseen(output: string): string[] {
    return this.#seen.rest(output);
  }

  /** Whether an event is only for whoever looks for a mistake: the same ones that lines of text leave out. */
  #isDebug(event: Rendered): boolean {
    if (event.type === "log") return event.level === "debug";
    if (event.type === "output") return this.#filter.shown(event) === undefined;
    return event.type === "command";
  }
}
