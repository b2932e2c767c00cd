/**
 * What renderers have in common.
 *
 * @module
 */
import { escapeControls } from "../escape.ts";
import { playLine } from "../terminal.ts";
import type { Happening, ReportEvent } from "./events.ts";

/** What is shown: an event with its stamp, or without where nobody has stamped it. */
export type Rendered = Happening & Partial<Pick<ReportEvent, "time" | "host">>;

/** Shows events, and knows which lines of output it has shown. */
export interface Renderer {
  /** Shows an event. */
  readonly report: (event: Rendered) => void;
  /** The last lines, at most 20, of a failed command's output that were not shown when they came. */
  unseen(output: string): string[];
}

/** A renderer that shares its terminal with questions. Disposal ends it. */
export interface Screen extends Renderer, Disposable {
  /** Holds everything back until disposal of what it returns: somebody is asked. */
  hold(): Disposable;
}

/** A line of output as it is shown: played as by a terminal, and then harmless. */
export function shownLine(line: string): string {
  return escapeControls(playLine(line));
}

/** More lines than the output has that an error keeps. */
const REMEMBERED = 1000;
const REPLAYED = 20;

/** The lines of output that were shown lately. */
export class Seen {
  #lines: string[] = [];

  /** Remembers a line, as {@linkcode shownLine} makes it. */
  add(line: string): void {
    this.#lines.push(line.trimEnd());
    if (this.#lines.length > 2 * REMEMBERED) this.#lines = this.#lines.slice(-REMEMBERED);
  }

  /** The last lines of `output` that are none of them. */
  rest(output: string): string[] {
    const seen = new Set(this.#lines);
    return output.split("\n").filter((line) => line.trim() !== "" && !seen.has(line.trimEnd()))
      .slice(-REPLAYED);
  }
}
