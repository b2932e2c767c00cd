/**
 * The programs of this machine that make streams smaller.
 *
 * @module
 */
import { run } from "../process.ts";

/** The programs that are looked for, the better one first. */
const TOOLS = ["zstd", "gzip"] as const;

let found: Promise<ReadonlySet<string>> | undefined;

/** Which of zstd and gzip are here and may be run; looked for once. */
export function localTools(): Promise<ReadonlySet<string>> {
  return found ??= look();
}

async function look(): Promise<ReadonlySet<string>> {
  const there = await Promise.all(TOOLS.map(isThere));
  return new Set(TOOLS.filter((_, index) => there[index]));
}

async function isThere(command: string): Promise<boolean> {
  // Asked for first: on a terminal Deno would ask its user in the middle of a copy.
  const { state } = await Deno.permissions.query({ name: "run", command });
  if (state !== "granted") return false;
  return await run([command, "--version"], { deadline: 10_000 }).then(() => true, () => false);
}
