/**
 * What a line looks like when a terminal has played it: programs write over what they have written.
 *
 * @module
 */

// deno-lint-ignore no-control-regex -- these are what it is about
const MOVES = /[\b\r]|\x1b\[[0-9;]*[mK]/;
// deno-lint-ignore no-control-regex
const PARTS = /\x1b\[([0-9;]*)([mK])|[^]/gu;

/**
 * Plays backspaces, carriage returns and erasures of one line; colours are left out. Every other control
 * character stays as it is.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { playLine } from "./terminal.ts";
 * assertEquals(playLine("inodes: 0/16\b\b\b\b1/16\b\b\b\bdone"), "inodes: done");
 * ```
 */
export function playLine(line: string): string {
  if (!MOVES.test(line)) return line;
  return play(line).cells.join("").trimEnd();
}

/** A shorter line that looks the same, with the cursor at the same place: what follows may move it. */
export function compactLine(line: string): string {
  if (!MOVES.test(line)) return line;
  // deno-lint-ignore no-control-regex
  const cut = /\x1b(\[[0-9;]*)?$/.exec(line)?.index ?? line.length;
  const { cells, at } = play(line.slice(0, cut));
  const moves = at <= cells.length ? "\b".repeat(cells.length - at) : " ".repeat(at - cells.length);
  return cells.join("") + moves + line.slice(cut);
}

function play(line: string): { cells: string[]; at: number } {
  let cells: string[] = [];
  let at = 0;
  for (const [part, how = "", end] of line.matchAll(PARTS)) {
    if (end === "m") continue;
    if (end === "K") {
      if (how === "" || how === "0") cells = cells.slice(0, at);
      else cells = how === "1" ? cells.map((cell, index) => index <= at ? " " : cell) : [];
    } else if (part === "\b") at = Math.max(0, at - 1);
    else if (part === "\r") at = 0;
    else {
      while (cells.length < at) cells.push(" ");
      cells[at++] = part;
    }
  }
  return { cells, at };
}
