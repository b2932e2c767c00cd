/**
 * The programs of this machine that make streams smaller.
 *
 * @module
 */
import { mayRun } from "../process.ts";

/** The programs that are looked for, the better one first. */
const TOOLS = ["zstd", "gzip"] as const;

let found: Promise<ReadonlySet<string>> | undefined;

/** Which of zstd and gzip are here and may be run; looked for once. */
export function localTools(): Promise<ReadonlySet<string>> {
  return found ??= look();
}

async function look(): Promise<ReadonlySet<string>> {
  const there = await Promise.all(TOOLS.map(mayRun));
  return new Set(TOOLS.filter((_, index) => there[index]));
}
