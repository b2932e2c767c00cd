/**
 * The fault table, printed.
 *
 * @module
 */
import type { Fault } from "./fault.ts";
import type { Outcome } from "./run.ts";

const HEAD = ["phase", "fault", "exit", "seconds", "state", "second run"];

/** Prints what came of each fault; rows that failed say so. */
export function printTable(rows: readonly (Outcome | Fault)[], seed: number, ms: number): void {
  const cells = rows.filter(Boolean).map((row) =>
    "exit" in row
      ? [row.phase, row.fault, `${row.exit}`, row.seconds.toFixed(1), row.state, row.again]
      : [row.phase, row.fault, "FAILED", "", "", ""]
  );
  printRows(HEAD, cells);
  console.log(`${cells.length} faults in ${(ms / 1000).toFixed(0)} s, TEST_SEED=${seed}\n`);
}

/** Prints a table of texts. */
export function printRows(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0))
  );
  const line = (row: readonly string[]) =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd();
  console.log(`\n${line(head)}\n${line(widths.map((width) => "-".repeat(width)))}`);
  for (const row of rows) console.log(line(row));
  console.log("");
}
