/**
 * What bench/results/ keeps of a benchmark. Pure.
 *
 * @module
 */

/** A benchmark that was run. */
export interface Recorded {
  /** As 2026-11-25. */
  readonly date: string;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly runs: number;
  /** What is to be known of it. */
  readonly note?: string | undefined;
  /** Titles and tables in Markdown. */
  readonly tables: readonly string[];
}

/** The text of the file: what was measured, on what, and the tables. */
export function recordText({ date, machine, runs, note, tables }: Recorded): string {
  const memory = `${Math.round(Number(machine["memory"]) / 2 ** 30)} GiB`;
  const facts = Object.entries({ ...machine, memory, runs: `${runs}, each way in turn` });
  return [
    `# Benchmark of ${date}`,
    ...note ? [note] : [],
    facts.map(([name, value]) => `- ${name}: ${String(value).split("\n")[0]}`).join("\n"),
    ...tables,
    "The load is the average over a minute when a copy ended, the lowest and the highest median of the row; a copy alone " +
    "on the machine makes 1.5 to 3.",
  ].join("\n\n") + "\n";
}
