/**
 * How much a whole run has moved.
 *
 * @module
 */
import type { Transfer } from "../report/events.ts";
import type { Rendered } from "../report/renderer.ts";

/** Adds up what events tell of transfers. */
export class Totals {
  readonly #began = performance.now();
  /** Bytes by stage and kind: what is moved in two stages counts twice. */
  readonly #moved = new Map<string, number>();
  /** The host key that the target proved to have. */
  hostKey: string | undefined;

  /** Takes an event. */
  hear(event: Rendered): void {
    if (event.type === "host-key") this.hostKey ??= event.fingerprint;
    if (event.type !== "progress") return;
    const key = `${event.what} ${event.stage}`;
    this.#moved.set(key, Math.max(event.done, this.#moved.get(key) ?? 0));
  }

  /** Bytes of a kind that have moved. */
  moved(what: Transfer): number {
    return [...this.#moved].filter(([key]) => key.startsWith(`${what} `))
      .reduce((sum, [, bytes]) => sum + bytes, 0);
  }

  /** Milliseconds since the beginning. */
  get ms(): number {
    return performance.now() - this.#began;
  }
}
