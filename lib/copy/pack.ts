/**
 * Making a stream smaller where that makes it faster.
 *
 * The stream is cut into blocks, and each becomes a whole of its own in the format of zstd or gzip; both
 * read one such whole after the other. So each block can be decided on: as long as the link takes
 * everything at once, blocks travel as they are, and when they have to wait for it, the next is compressed.
 *
 * @module
 */
import { CommandError } from "../errors.ts";
import { start } from "../process.ts";

/** How blocks are packed. */
export type Format = "zstd" | "gzip" | "none";

const MAX_RAW = 128 * 1024;

/** A block as it is, in zstd's format: a frame of raw blocks (RFC 8878, 3.1.1). */
export function storedFrame(block: Uint8Array): Uint8Array {
  const parts = Math.max(1, Math.ceil(block.length / MAX_RAW));
  const frame = new Uint8Array(9 + 3 * parts + block.length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, 0xfd2fb528, true);
  // A single segment, whose size follows in four bytes; no checksum, no dictionary.
  view.setUint8(4, 0xa0);
  view.setUint32(5, block.length, true);
  let at = 9;
  for (let part = 0; part < parts; part++) {
    const raw = block.subarray(part * MAX_RAW, (part + 1) * MAX_RAW);
    const header = (part === parts - 1 ? 1 : 0) | raw.length << 3;
    frame.set([header & 255, header >> 8 & 255, header >> 16], at);
    frame.set(raw, at + 3);
    at += 3 + raw.length;
  }
  return frame;
}

/** A block, compressed by a program of its own: zstd and gzip know no other way to use a second core. */
export async function compress(
  block: Uint8Array,
  format: "zstd" | "gzip",
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const command = [format, "-1", "-c"];
  const child = start(command, {
    stdin: ReadableStream.from([block]),
    ...(signal && { signal }),
  });
  const [packed, said, { code, signal: end }] = await Promise.all([
    new Response(child.stdout).bytes(),
    new Response(child.stderr).text(),
    child.status,
  ]);
  if (code === 0) return packed;
  signal?.throwIfAborted();
  throw new CommandError(`${format} failed with exit code ${code}`, {
    command,
    exitCode: code,
    signal: end,
    output: said.trim(),
    where: "here",
    hint: `try ${format} by hand`,
  });
}

/** Joins what comes into blocks of `size` bytes; the last one is smaller. */
export async function* inBlocks(
  parts: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<Uint8Array> {
  let block = new Uint8Array(size);
  let filled = 0;
  for await (const part of parts) {
    for (let from = 0; from < part.length;) {
      const piece = part.subarray(from, from + size - filled);
      block.set(piece, filled);
      filled += piece.length;
      from += piece.length;
      if (filled < size) continue;
      yield block;
      block = new Uint8Array(size);
      filled = 0;
    }
  }
  if (filled > 0) yield block.subarray(0, filled);
}

const SMALL = 32 * 1024;

/** Joins small parts, and lets large ones through as they are: copying them costs more than it brings. */
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
