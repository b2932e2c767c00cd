/**
 * Painting lines over those that were painted before, at the end of a terminal.
 *
 * @module
 */
import { textWidth } from "./text_width.ts";

/** What is painted on. */
export interface Canvas {
  /** Writes to the terminal, at once and whole. */
  readonly write: (text: string) => void;
  /** Its size now. */
  readonly size: () => { readonly columns: number; readonly rows: number };
}

/**
 * Keeps some lines at the end of what a terminal shows. The cursor is always at the beginning of the line below them, so
 * that whatever others write stands behind them, and nothing has to be restored however the program ends.
 */
export class Painter {
  readonly #canvas: Canvas;
  #painted: readonly string[] = [];
  #columns = 0;
  /** How often something was written. */
  writes = 0;

  /** Paints on a terminal. */
  constructor(canvas: Canvas) {
    this.#canvas = canvas;
  }

  /** Writes lines that stay above, and has these below them; writes only what has changed. */
  paint(stay: readonly string[], lines: readonly string[]): void {
    const { columns } = this.#canvas.size();
    const same = stay.length === 0 && columns === this.#columns &&
      lines.length === this.#painted.length;
    const text = same ? this.#changed(lines) : this.#whole(stay, lines, columns);
    this.#painted = lines;
    this.#columns = columns;
    if (text === "") return;
    this.writes++;
    this.#canvas.write(text);
  }

  /** Takes the lines away. */
  clear(): void {
    this.paint([], []);
  }

  #whole(stay: readonly string[], lines: readonly string[], columns: number): string {
    // Most terminals break lines anew that have become too long.
    const height = this.#painted.reduce(
      (sum, line) => sum + Math.max(1, Math.ceil(textWidth(line) / Math.max(columns, 1))),
      0,
    );
    const up = height === 0 ? "" : `\r\x1b[${height}A\x1b[J`;
    return up + [...stay, ...lines].map((line) => `${line}\n`).join("");
  }

  #changed(lines: readonly string[]): string {
    let [text, at] = ["", lines.length];
    for (const [index, line] of lines.entries()) {
      if (line === this.#painted[index]) continue;
      const [up, down] = [at - index, index - at];
      text += up > 0 ? `\x1b[${up}A` : down > 0 ? `\x1b[${down}B` : "";
      text += `\r${line}\x1b[K`;
      at = index;
    }
    if (text === "") return "";
    return `${text}\r\x1b[${lines.length - at}B`;
  }
}
