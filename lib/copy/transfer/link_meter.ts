/**
 * What a copy or an upload tells of the link that it goes over.
 *
 * @module
 */
import { isSlow, type Link } from "../policy.ts";
import type { BrakeWatch } from "./brake_watch.ts";

/** Bytes that fit into buffers on the way: Linux has 4 MiB for what is sent and 6 MiB for what is received, ssh 2 MB. */
const BUFFERS = 12_000_000;

/** What of a watch a meter needs. */
type Watch = Pick<BrakeWatch, "find" | "stop"> & Disposable;

/** Measures how fast a target takes a stream, and what that tells of the link. */
export class LinkMeter implements Disposable {
  readonly #watch: Watch;
  #bytes = 0;
  #began = 0;

  /** `watch` watches a stream whose rate it is told. */
  constructor(watch: (rate: () => number | undefined) => Watch) {
    this.#watch = watch(() => this.#rate());
  }

  /** Passes bytes on. */
  passing(): TransformStream<Uint8Array, Uint8Array> {
    return new TransformStream({
      transform: (chunk, controller) => {
        this.#began ||= performance.now();
        this.#bytes += chunk.length;
        // Only while it runs it can be looked at, and the target be asked.
        if (this.#bytes > BUFFERS / 2 && isSlow(this.#rate())) this.#watch.find();
        controller.enqueue(chunk);
      },
      flush: () => this.#watch.stop(),
    });
  }

  /**
   * What is known of the link, now that the target has said that it has everything: nothing where something else may
   * have been slower.
   */
  link(now: number = performance.now()): Link | undefined {
    if (this.#bytes < BUFFERS) return undefined;
    const rate = this.#rate(now);
    return !isSlow(rate) || this.#watch.find() === "link" ? { rate } : undefined;
  }

  #rate(now = performance.now()): number {
    return 1000 * this.#bytes / (now - this.#began);
  }

  /** Ends the watch. */
  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
  }
}

/** The rate at which a stream that goes on is taken: of its last sample, the first of which has filled buffers. */
export class RateMeter {
  #bytes = 0;
  #since: number | undefined;
  /** Bytes a second, once there is a sample. */
  rate: number | undefined;

  /** `bytes` more were taken at the time `now`, in milliseconds. */
  took(bytes: number, now: number = performance.now()): void {
    this.#bytes += bytes;
    if (this.#bytes < BUFFERS) return;
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
