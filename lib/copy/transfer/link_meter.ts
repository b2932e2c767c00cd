/**
 * What a copy or an upload tells of the link that it goes over.
 *
 * @module
 */
import type { Link } from "../policy.ts";

/** Fewer bytes than this fit into buffers on the way. */
const BUFFERS = 16_000_000;

/** Measures how fast a target takes a stream. */
export class LinkMeter {
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
    if (this.#bytes < BUFFERS) return undefined;
    return { rate: 1000 * this.#bytes / (now - this.#began) };
  }
}

/** Bytes of one sample of a rate. */
const SAMPLE = 12_000_000;

/** The rate at which a stream that goes on is taken: of its last sample. The first one fills buffers. */
export class RateMeter {
  #bytes = 0;
  #since: number | undefined;
  /** Bytes a second, once there is a sample. */
  rate: number | undefined;

  /** `bytes` more were taken at the time `now`, in milliseconds. */
  took(bytes: number, now: number = performance.now()): void {
    this.#bytes += bytes;
    if (this.#bytes < SAMPLE) return;
    if (this.#since !== undefined) this.rate = 1000 * this.#bytes / (now - this.#since);
    this.#bytes = 0;
    this.#since = now;
  }
}

/**
 * The least that a link's round trip is, by that of a login: the answer may have waited 40 ms (delayed ACK), and for
 * the acknowledgement of what went before it.
 */
export function leastRoundTrip(login = 0): number {
  return Math.max(0, login - 40) / 2;
}
