/**
 * What is known of the link to a target, how that is learnt from what goes over it, and what follows.
 *
 * @module
 */
import type { Format } from "./pack.ts";

/** What is known of a link. */
export interface Link {
  /** Bytes a second that went over it. */
  readonly rate?: number | undefined;
  /** Milliseconds there and back. */
  readonly rtt?: number | undefined;
}

/** Less than so many bytes fit into buffers on the way and tell nothing. */
const TELLING = 16_000_000;

/** Measures how fast a stream is taken by a target. */
export class Gauge {
  #bytes = 0;
  #began = 0;

  /** Passes bytes on. */
  passing(): TransformStream<Uint8Array, Uint8Array> {
    return new TransformStream({
      transform: (chunk, controller) => {
        this.#began ||= performance.now();
        this.#bytes += chunk.length;
        controller.enqueue(chunk);
      },
    });
  }

  /** What is known of the link, now that the target has said that it has everything. */
  link(now: number = performance.now()): Link | undefined {
    if (this.#bytes < TELLING) return undefined;
    return { rate: 1000 * this.#bytes / (now - this.#began) };
  }
}

/** Known to be faster than this, in bytes a second, a link is not the brake: nothing is compressed. */
export const FAST = 60_000_000;

/** A near link is judged slow below this: what is measured there may be the target's disk. */
export const SLOW = 40_000_000;

/** Above this, in milliseconds there and back, a link is expected to be the brake from the start. */
const NEAR = 15;

/**
 * How far a link is at least, by the round trip of a login: the question may have waited 40 ms, and for the
 * acknowledgement of what went before it.
 */
export function atLeast(roundTrip = 0): number {
  return Math.max(0, roundTrip - 40) / 2;
}

/** The format that both sides know, for a link that is the brake; zstd wins. */
export function commonFormat(here: ReadonlySet<string>, there: ReadonlySet<string>): Format {
  const both = (tool: string) => here.has(tool) && there.has(tool);
  return both("zstd") ? "zstd" : both("gzip") ? "gzip" : "none";
}

/** Whether a link is expected to be the brake. */
export function seemsSlow({ rate, rtt = 0 }: Link): boolean {
  return rate === undefined ? rtt > NEAR : rate < FAST;
}

/** What goes over in less time than this, in milliseconds, is not worth the start of another program there. */
const SOON = 2000;

/** Whether so many bytes are to be packed from the start. */
export function worthPacking(link: Link, bytes: number): boolean {
  return seemsSlow(link) && (link.rate === undefined || 1000 * bytes > SOON * link.rate);
}

/** Bytes of one channel that are on their way at most. */
const WINDOW = 2_000_000;

/** Nearer than this, in milliseconds there and back, a window is enough. */
const FAR = 60;

/** Fewer bytes are not worth several channels. */
const MANY = 32_000_000;

/** Whether one channel's window cannot fill the link, and so many bytes are worth several. */
export function worthStripes({ rate, rtt = 0 }: Link, bytes: number): boolean {
  if (rtt < FAR || bytes < MANY) return false;
  return rate === undefined || rate > WINDOW / rtt * 1000 / 2;
}

/** Bytes by which the link is judged; as many before tell of buffers and of programs that start. */
const SAMPLE = 12_000_000;

/** Decides for each block whether it is compressed, from how the link took the ones before. */
export class Pace {
  #slow: boolean;
  #bytes = 0;
  #since: number | undefined;

  /** Starts with what is believed of the link. */
  constructor(slow: boolean) {
    this.#slow = slow;
  }

  /** Whether the link is the brake. */
  get slow(): boolean {
    return this.#slow;
  }

  /** Whether the next block is to be compressed, when `waiting` blocks wait for the link. */
  compress(waiting: number): boolean {
    return this.#slow && waiting > 0;
  }

  /**
   * Tells of a block of `bytes` that the link has taken at the time `now`, in milliseconds. Once slow means
   * slow to the end: how fast compressed blocks go says nothing about what the link could take.
   */
  took(bytes: number, now: number): void {
    this.#bytes += bytes;
    if (this.#slow || this.#bytes < SAMPLE) return;
    const ms = this.#since === undefined ? 0 : now - this.#since;
    this.#slow = ms * SLOW > this.#bytes * 1000;
    this.#bytes = 0;
    this.#since = now;
  }
}
