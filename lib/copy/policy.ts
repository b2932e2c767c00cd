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

/** What limits a stream: the link, this machine, or the target. */
export type Brake = "link" | "here" | "there";

/** What was seen while a stream ran; each is a share, from 0 to 1, and absent where it cannot be seen. */
export interface Signs {
  /** Of the looks at this end of the connection, those that found bytes waiting for the link. */
  readonly queued?: number | undefined;
  /** Of the looks at the target's end, those that found bytes which its ssh server had not taken yet. */
  readonly unread?: number | undefined;
  /** Of the time of this machine's processors, what was idle. */
  readonly idleHere?: number | undefined;
  /** The same of the target's. */
  readonly idleThere?: number | undefined;
}

/** What is known before paths are sent, or while they are. */
export interface Known {
  readonly link: Link;
  /** What limited the stream whose rate that is. Default: the link, as far as is known */
  readonly brake?: Brake | undefined;
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
 * and more time in "part, 10ms-1Gbit" (125 MB/s); in between, the lower half.
 */
const SLOW = 40_000_000;

/**
 * What is sent in less time than this, in milliseconds, is not worth the start of a decompressor there. What takes as
 * long is: bench/results/2026-11-25-channels.md, "few, 5ms-100Mbit".
 */
const SOON = 500;

/** Whether a stream of so many bytes a second is slow enough to ask what limits it. */
export function isSlow(rate: number): boolean {
  return rate < SLOW;
}

/** Of processors that have less than this share of their time left, somebody waits for them. */
const BUSY = 0.1;

/**
 * Bytes wait at both ends now and then; what these shares of the looks find is more than that. In
 * bench/results/2026-11-30-brakes.md they wait here in 81 % of them and more where the link is slow, in 25 % and less else.
 */
const QUEUED = 0.75;
const UNREAD = 0.5;

/**
 * What limits a stream, as far as that can be told. Where bytes wait here for the link, it is the link, unless they wait
 * at its other end as well, for a target too busy to take them. Where none wait here, the link is not it.
 */
export function findBrake(
  { queued, unread = 0, idleHere = 1, idleThere = 1 }: Signs,
): Brake | undefined {
  if (unread >= UNREAD) return "there";
  if (queued === undefined) {
    return idleThere < BUSY ? "there" : idleHere < BUSY ? "here" : undefined;
  }
  return queued >= QUEUED ? "link" : idleHere < BUSY ? "here" : "there";
}

/**
 * The format in which paths are sent: compressed where the link is what limits the copy, since both ends pay for it;
 * zstd where both have it.
 */
export function chooseFormat(
  { link: { rate, rtt = 0 }, brake = "link", bytes, here, there = here }: Known,
): Format {
  const slow = rate === undefined
    ? rtt > FAR
    : brake === "link" && isSlow(rate) && 1000 * bytes > SOON * rate;
  if (!slow) return "none";
  const both = (tool: string) => here.has(tool) && there.has(tool);
  return both("zstd") ? "zstd" : both("gzip") ? "gzip" : "none";
}
