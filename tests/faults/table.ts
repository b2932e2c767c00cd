/**
 * The fault table, printed.
 *
 * @module
 */
import type { Fault } from "./fault.ts";
import type { Outcome } from "./run.ts";

/** What stands in the place of a result where `task test` has left the row to `task test:all`. */
export const LEFT = "-";
const HEAD = ["phase", "fault", "exit", "seconds", "state", "second run"];

/** Prints what came of each fault; rows that failed, or were left out, say so. */
export function printTable(
  rows: readonly (Outcome | Fault & { readonly left: boolean })[],
  seed: number,
  ms: number,
  note: string,
): void {
  const cells = rows.map((row) =>
    "exit" in row
      ? [row.phase, row.fault, `${row.exit}`, row.seconds.toFixed(1), row.state, row.again]
      : [row.phase, row.fault, row.left ? LEFT : "FAILED", "", "", ""]
  );
  printRows(HEAD, cells, note);
  const run = rows.filter((row) => "exit" in row || !row.left).length;
  console.log(`${run} faults in ${(ms / 1000).toFixed(0)} s, TEST_SEED=${seed}\n`);
}

/** Prints a table of texts, and a note below it. */
export function printRows(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  note: string,
): void {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0))
  );
  const line = (row: readonly string[]) =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd();
  console.log(`\n${line(head)}\n${line(widths.map((width) => "-".repeat(width)))}`);
  for (const row of rows) console.log(line(row));
  console.log(`${note}\n`.trimStart());
}
