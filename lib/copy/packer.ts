/**
 * The stream of packed blocks, some of them ahead of the link.
 *
 * @module
 */
import type { Pace } from "./link.ts";
import { compress, type Format, storedFrame } from "./pack.ts";

/** How blocks are packed and who hears of it. */
export interface PackerOptions {
  readonly format: Format;
  readonly pace: Pace;
  /** Ends the programs that compress. */
  readonly signal: AbortSignal;
  /** Called when the link asks for the next block: with the bytes, unpacked, of the one it has taken. */
  readonly onTaken: (bytes: number) => void;
}

/** How many blocks may be packed ahead: as many are in memory, and as many compressed at a time. */
const AHEAD = 4;

interface Packed {
  readonly bytes: Promise<Uint8Array>;
  readonly unpacked: number;
  done: boolean;
}

/** Packs blocks for whoever reads the stream. It fails when `blocks` do. */
export function packer(
  blocks: AsyncIterable<Uint8Array>,
  { format, pace, signal, onTaken }: PackerOptions,
): ReadableStream<Uint8Array> {
  const queue: Packed[] = [];
  let ended = false;
  let given: { readonly unpacked: number; readonly bytes: number } | undefined;
  let changed = Promise.withResolvers<void>();
  const change = () => {
    changed.resolve();
    changed = Promise.withResolvers<void>();
  };
  const pack = (block: Uint8Array): Packed => {
    const waiting = queue.filter(({ done }) => done).length;
    const small = format === "gzip" || format === "zstd" && pace.compress(waiting);
    const bytes = format === "none"
      ? Promise.resolve(block)
      : small
      ? compress(block, format, signal)
      : Promise.resolve(storedFrame(block));
    const packed: Packed = { bytes, unpacked: block.length, done: false };
    bytes.then(() => packed.done = true).catch(() => {});
    return packed;
  };
  const fill = async () => {
    try {
      for await (const block of blocks) {
        queue.push(pack(block));
        change();
        while (queue.length >= AHEAD && !ended) await changed.promise;
        if (ended) return;
      }
    } finally {
      ended = true;
      change();
    }
  };
  let filling: Promise<void> | undefined;
  return new ReadableStream({
    async pull(controller) {
      if (!filling) {
        filling = fill();
        filling.catch(() => {}); // whoever reads to the end hears of it
      }
      if (given) {
        pace.took(given.bytes, performance.now());
        onTaken(given.unpacked);
        given = undefined;
      }
      while (queue.length === 0 && !ended) await changed.promise;
      const next = queue[0];
      if (!next) {
        await filling;
        return controller.close();
      }
      const bytes = await next.bytes;
      queue.shift();
      change();
      given = { unpacked: next.unpacked, bytes: bytes.length };
      controller.enqueue(bytes);
    },
    cancel() {
      ended = true;
      change();
    },
  }, { highWaterMark: 0 });
}
