/**
 * Numbers of several runs, and the table they are shown in. Pure.
 *
 * @module
 */

/** What several runs of the same thing took. */
export interface Measured {
  /** Each run, in their order. */
  readonly runs: readonly number[];
  readonly median: number;
  /** The slowest minus the fastest, as a share of the median. */
  readonly spread: number;
}

/** Sums up runs; there is at least one. */
export function summary(runs: readonly number[]): Measured {
  const sorted = runs.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  const median = sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? NaN)) / 2;
  const [least = NaN, most = NaN] = [sorted[0], sorted.at(-1)];
  return { runs, median, spread: median === 0 ? 0 : (most - least) / median };
}

/** A table of text in Markdown; the first row is its head. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length))
  );
  const line = (cells: readonly string[], fill = " ") =>
    `| ${widths.map((width, i) => (cells[i] ?? "").padEnd(width, fill)).join(" | ")} |`;
  const [head = [], ...body] = rows;
  return [line(head), line([], "-"), ...body.map((row) => line(row))].join("\n");
}

/** Seconds with two digits that count. */
export function seconds(ms: number): string {
  const value = ms / 1000;
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
