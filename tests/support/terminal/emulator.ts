/**
 * What a terminal shows: enough of one for what the command writes. It breaks lines anew when it gets narrower, as most do.
 *
 * @module
 */
import { textWidth } from "../../../lib/report/text_width.ts";

/** A character with its style, `1;31` or empty. */
export interface Cell {
  readonly text: string;
  readonly style: string;
}

/** A terminal. A line may be longer than the terminal is wide: it takes more rows then. */
export class Emulator {
  readonly #lines: Cell[][] = [[]];
  #line = 0;
  #column = 0;
  #style = "";
  /** What it was given and does not know. */
  readonly unknown: string[] = [];

  constructor(public columns: number) {}

  /** Takes what is written. */
  write(text: string): void {
    // deno-lint-ignore no-control-regex -- what a terminal reads
    for (const [part, how = "", end] of text.matchAll(/\x1b\[([0-9;?]*)([A-Za-z])|[^]/gu)) {
      if (end !== undefined) this.#control(how, end);
      else if (part === "\n") this.#down(1, true);
      else if (part === "\r") this.#column = 0;
      else if (part < " " || part === "\x7f") this.unknown.push(part);
      else this.#put(part);
    }
  }

  /** All lines, without spaces at their ends. */
  get lines(): string[] {
    return this.cells.map((line) => line.map(({ text }) => text).join("").trimEnd());
  }

  /** All lines as characters with styles. */
  get cells(): readonly (readonly Cell[])[] {
    return this.#lines;
  }

  /** The text of all lines. */
  get text(): string {
    return this.lines.join("\n").trimEnd();
  }

  /** Rows of the screen that a line takes. */
  #height(line: number): number {
    const width = textWidth((this.#lines[line] ?? []).map(({ text }) => text).join(""));
    return Math.max(1, Math.ceil(width / this.columns));
  }

  #control(how: string, end: string): void {
    const count = Number(how || "1");
    if (end === "m") this.#style = how === "0" || how === "" ? "" : how;
    else if (end === "K") this.#lines[this.#line]!.length = this.#column;
    else if (end === "J") {
      this.#lines[this.#line]!.length = this.#column;
      this.#lines.length = this.#line + 1;
    } else if (end === "A") {
      for (let left = count; left > 0 && this.#line > 0;) left -= this.#height(--this.#line);
    } else if (end === "G") this.#column = Math.max(0, count - 1);
    else if (end === "B") this.#down(count, false);
    else this.unknown.push(`CSI ${how}${end}`);
  }

  #down(count: number, make: boolean): void {
    for (let left = count; left > 0; left--) {
      if (this.#line + 1 >= this.#lines.length) {
        if (!make) return;
        this.#lines.push([]);
      }
      this.#line++;
    }
    // As the terminal's own settings have it: a line feed goes to the beginning.
    if (make) this.#column = 0;
  }

  #put(text: string): void {
    const line = this.#lines[this.#line]!;
    while (line.length < this.#column) line.push({ text: " ", style: "" });
    if (textWidth(text) === 0 && this.#column > 0) {
      const before = line[this.#column - 1]!;
      line[this.#column - 1] = { ...before, text: before.text + text };
      return;
    }
    line[this.#column++] = { text, style: this.#style };
  }
}
