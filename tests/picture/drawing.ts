/**
 * Drawing what a terminal showed as an animated SVG.
 *
 * @module
 */
import { textWidth } from "../../lib/report/text_width.ts";
import { type Cell, Emulator } from "../support/terminal/emulator.ts";
import type { Frame } from "../support/terminal/session.ts";

/** What a terminal showed from a time on. */
export interface Shown {
  /** Seconds since the start. */
  readonly at: number;
  readonly rows: readonly (readonly Cell[])[];
}

const [CELL, LINE, EDGE, SIZE] = [7.83, 18, 14, 13];
/** Seconds for which the last of them is shown. */
const LAST = 6;

/** What a terminal of this size showed, at most once in `every` seconds. */
export function screens(
  frames: readonly Frame[],
  { columns, rows, every }: { columns: number; rows: number; every: number },
): Shown[] {
  const terminal = new Emulator(columns);
  const shown: Shown[] = [];
  for (const [index, { at, text }] of frames.entries()) {
    terminal.write(text);
    const next = frames[index + 1]?.at ?? Infinity;
    const last = shown.at(-1)?.at ?? -every;
    // The last of those that come in quick succession.
    if (next - at < 0.08 || at - last < every && next !== Infinity) continue;
    shown.push({ at, rows: visible(terminal, columns, rows) });
  }
  return shown;
}

/** The rows at the end of what was written, those of long lines broken. */
function visible(terminal: Emulator, columns: number, rows: number): (readonly Cell[])[] {
  const lines = [...terminal.cells];
  while (lines.length > 0 && lines.at(-1)!.length === 0) lines.pop();
  const broken = lines.flatMap((line) => {
    const parts: Cell[][] = [];
    for (let at = 0; at === 0 || at < line.length; at += columns) {
      parts.push(line.slice(at, at + columns));
    }
    return parts;
  });
  return broken.slice(-rows);
}

/** The picture: every screen for as long as it was shown, over and over. */
export function draw(
  shown: readonly Shown[],
  { columns, rows, title }: { columns: number; rows: number; title: string },
): string {
  const begin = shown[0]?.at ?? 0;
  const total = (shown.at(-1)?.at ?? 0) - begin + LAST;
  const percent = (at: number) => `${(100 * (at - begin) / total).toFixed(2)}%`;
  // A row that is shown more than once is written once.
  const known = new Map<string, string>();
  const drawRow = (row: readonly Cell[], line: number) => {
    const drawn = rowOf(row);
    if (drawn === "") return "";
    const id = known.get(drawn) ?? `r${known.size}`;
    known.set(drawn, id);
    return `<use href="#${id}" y="${EDGE + line * LINE}"/>`;
  };
  const frames = shown.map(({ at, rows }, index) => {
    const next = shown[index + 1]?.at;
    const until = next === undefined ? "" : `${percent(next)}{opacity:0}`;
    const from = index === 0 ? "" : "0%{opacity:0}";
    return {
      rule: `@keyframes k${index}{${from}${
        percent(at)
      }{opacity:1}${until}}#f${index}{animation-name:k${index}}`,
      group: `<g class="f" id="f${index}">${
        rows.map((row, line) => drawRow(row, line)).join("")
      }</g>`,
    };
  });
  const [width, height] = [Math.ceil(columns * CELL) + 2 * EDGE, rows * LINE + 2 * EDGE];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${
    escaped(title)
  }">
<title>${escaped(title)}</title>
<style>
text{font:${SIZE}px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#d5dbe3;white-space:pre}
.s2{fill:#8b95a1}.s31{fill:#ff7b72}.s32{fill:#5fcf7a}.s33{fill:#e3b341}.s1{font-weight:bold}
.f{opacity:0;animation:${total.toFixed(1)}s step-end infinite}
${frames.map(({ rule }) => rule).join("\n")}
@media (prefers-reduced-motion){.f{animation:none}#f${frames.length - 1}{opacity:1}}
</style>
<defs>${[...known].map(([drawn, id]) => `<g id="${id}">${drawn}</g>`).join("\n")}</defs>
<rect width="${width}" height="${height}" rx="8" fill="#14181f" stroke="#3b434e"/>
${frames.map(({ group }) => group).join("\n")}
</svg>
`;
}

/** A row at the top. */
function rowOf(row: readonly Cell[]): string {
  let parts = "";
  let column = 0;
  for (let at = 0; at < row.length;) {
    const { style } = row[at]!;
    let [text, width] = ["", 0];
    while (at < row.length && row[at]!.style === style) {
      text += row[at]!.text;
      width += textWidth(row[at++]!.text);
    }
    if (text.trim() !== "") {
      const blank = text.length - text.trimStart().length;
      const x = (EDGE + (column + blank) * CELL).toFixed(0);
      const kind = style === "" ? "" : ` class="s${style}"`;
      parts += `<text x="${x}" y="${0.75 * LINE}"${kind}>${escaped(text.trim())}</text>`;
    }
    column += width;
  }
  return parts;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
