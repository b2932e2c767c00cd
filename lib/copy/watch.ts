/**
 * Noticing that a copy does not get on.
 *
 * @module
 */
import type { Scope } from "../deadline.ts";
import { DeadlineError } from "../errors.ts";

/** What to do after a copy that was given up: its part that arrived is not sent again. */
export const AGAIN = "then run the same command line again: what has arrived stays";

/** The error of a copy to `label` that took too long. */
export function late(label: string, what: string): DeadlineError {
  return new DeadlineError(`${label}: ${what}`, {
    hint: `check the network and the target's disk, ${AGAIN}`,
  });
}

/** Ends a scope when nothing has moved for a while. Disposal stops the watch. */
export class Watch implements Disposable {
  #moved = performance.now();
  readonly #timer: ReturnType<typeof setInterval>;

  /** Ends `scope` after `stall` milliseconds in which nothing moved on the way to `label`. */
  constructor(scope: Scope, stall: number, label: string) {
    this.#timer = setInterval(() => {
      if (performance.now() - this.#moved < stall) return;
      scope.abort(late(label, `no store path moved for ${stall / 1000} s`));
    }, Math.min(1000, stall / 4));
  }

  /** Something has moved. */
  moved(): void {
    this.#moved = performance.now();
  }

  /** Stops the watch. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
