/**
 * How store paths are best sent. Pure.
 *
 * @module
 */

/** How a stream is compressed. */
export type Format = "zstd" | "gzip" | "none";

/** What is known of a link. */
export interface Link {
  /** Bytes a second that went over it. */
  readonly rate?: number | undefined;
  /** Milliseconds there and back. */
  readonly rtt?: number | undefined;
}

/** What is known before paths are sent, or while they are. */
export interface Known {
  readonly link: Link;
  /** Bytes that are left to send. */
  readonly bytes: number;
  /** The programs that compress here. */
  readonly here: ReadonlySet<string>;
  /** The same on the target. Default: believed to be the same as here */
  readonly there?: ReadonlySet<string> | undefined;
}

// What follows is from bench/results/2026-11-25-formats.md, whose rows are named here.

/**
 * Beyond this round trip, in milliseconds, a link is expected to be slow: uncompressed wins in "part, 10ms-1Gbit",
 * compressed in "part, 30ms-1Gbit" and, by a third, in "part, 100ms-1Gbit".
 */
export const FAR = 15;

/**
 * A link is slow below this rate, in bytes a second: compressed takes half of the time in "part, 5ms-100Mbit" (12.5 MB/s),
 * and more time in "part, 10ms-1Gbit" (125 MB/s). What is measured may be a busy CPU instead, so the lower half.
 */
const SLOW = 40_000_000;

/**
 * What is sent in less time than this, in milliseconds, is not worth the start of a decompressor there. What takes as
 * long is: bench/results/2026-11-25-channels.md, "few, 5ms-100Mbit".
 */
const SOON = 500;

/**
 * The format in which paths are sent: compressed where the link is what limits the copy, since both ends pay for it;
 * zstd where both have it.
 */
export function chooseFormat(
  { link: { rate, rtt = 0 }, bytes, here, there = here }: Known,
): Format {
  const slow = rate === undefined ? rtt > FAR : rate < SLOW && 1000 * bytes > SOON * rate;
  if (!slow) return "none";
  const both = (tool: string) => here.has(tool) && there.has(tool);
  return both("zstd") ? "zstd" : both("gzip") ? "gzip" : "none";
}
