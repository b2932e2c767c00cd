/**
 * The programs of this machine that make streams smaller.
 *
 * @module
 */
import { run } from "../process.ts";

let found: Promise<ReadonlySet<string>> | undefined;

/** Which of zstd and gzip are here; looked for once. */
export function localTools(): Promise<ReadonlySet<string>> {
  return found ??= look();
}

async function look(): Promise<ReadonlySet<string>> {
  const code = 'for tool; do ! command -v "$tool" >/dev/null 2>&1 || echo "$tool"; done';
  const result = await run(["sh", "-c", code, "look", "zstd", "gzip"], { allowFailure: true });
  return new Set(result.stdout.split("\n").filter(Boolean));
}
