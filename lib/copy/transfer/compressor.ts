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

/** Joins small parts to blocks, and lets large ones through as they are: copying them costs more than it saves. */
export class Blocks {
  #block = new Uint8Array(2 * SMALL);
  #filled = 0;

  /** Adds a part; gives what is to be sent now. */
  add(part: Uint8Array): readonly Uint8Array[] {
    const large = part.length > SMALL;
    const full = large || this.#filled + part.length > this.#block.length ? this.end() : NONE;
    if (large) return [...full, part];
    this.#block.set(part, this.#filled);
    this.#filled += part.length;
    return full;
  }

  /** What is left to be sent. */
  end(): readonly Uint8Array[] {
    if (this.#filled === 0) return NONE;
    const block = this.#block.subarray(0, this.#filled);
    this.#block = new Uint8Array(2 * SMALL);
    this.#filled = 0;
    return [block];
  }
}

const NONE: readonly Uint8Array[] = [];

/** Joins the small parts of a stream. */
export async function* joinSmall(parts: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const blocks = new Blocks();
  for await (const part of parts) yield* blocks.add(part);
  yield* blocks.end();
}
