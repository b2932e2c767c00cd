/**
 * Compressing a stream on its way.
 *
 * @module
 */
import { CommandError } from "../../errors.ts";
import { mayRun, start } from "../../process.ts";
import type { Format } from "../policy.ts";

const COMPRESSORS = ["zstd", "gzip"] as const;

let found: Promise<ReadonlySet<string>> | undefined;

/** Which of zstd and gzip are here and may be run; looked for once. */
export function localCompressors(): Promise<ReadonlySet<string>> {
  return found ??= Promise.all(COMPRESSORS.map(mayRun))
    .then((there) => new Set(COMPRESSORS.filter((_, index) => there[index])));
}

/** Compresses a stream. It fails when `parts` do. */
export async function* compressed(
  parts: AsyncIterable<Uint8Array>,
  format: Exclude<Format, "none">,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const command = [format, "-1", "-c"];
  await using child = start(command, { stdin: ReadableStream.from(parts), signal });
  const errors = new Response(child.stderr).text().catch(() => "");
  yield* child.stdout;
  await child.fed;
  const { code, signal: end } = await child.status;
  if (code === 0) return;
  signal.throwIfAborted();
  throw new CommandError(`${format} failed with exit code ${code}`, {
    ...{ command, exitCode: code, signal: end, output: (await errors).trim(), where: "here" },
    hint: `try ${format} by hand`,
  });
}

const SMALL = 32 * 1024;

/** Joins small parts, and lets large ones through as they are: copying them costs more than it saves. */
export async function* joinSmall(parts: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let block = new Uint8Array(2 * SMALL);
  let filled = 0;
  for await (const part of parts) {
    if (filled > 0 && (part.length > SMALL || filled + part.length > block.length)) {
      yield block.subarray(0, filled);
      block = new Uint8Array(2 * SMALL);
      filled = 0;
    }
    if (part.length > SMALL) yield part;
    else {
      block.set(part, filled);
      filled += part.length;
    }
  }
  if (filled > 0) yield block.subarray(0, filled);
}
