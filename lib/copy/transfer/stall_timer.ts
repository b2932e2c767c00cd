/**
 * Noticing that a copy does not get on, and telling why it failed.
 *
 * @module
 */
import type { Scope } from "../../async.ts";
import { ConnectionError, DeadlineError } from "../../errors.ts";
import type { Session } from "../../ssh/session.ts";

/** What is left of a copy that was given up. */
const STAYS = "what has arrived stays there";

/** The error of a copy to `label` that took too long. */
export function stallError(label: string, what: string): DeadlineError {
  return new DeadlineError(`${label}: ${what}`, {
    hint: `check the network and the target's disk: ${STAYS}`,
  });
}

/** The error of a failed copy: where the connection was lost, that, whatever was noticed first. */
export async function classify(session: Session, error: unknown): Promise<unknown> {
  // That the connection ends may be noticed a moment later.
  for (let tries = 0; tries < 6 && !session.ended; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  if (!session.ended) return error;
  return new ConnectionError(
    `${session.label}: the connection was lost while store paths were copied`,
    { hint: `check the network and the machine: ${STAYS}`, cause: error },
  );
}

/** Ends a scope when nothing has moved for a while. Disposal stops the timer. */
export class StallTimer implements Disposable {
  #moved = performance.now();
  readonly #timer: ReturnType<typeof setInterval>;

  /** Ends `scope` after `stall` milliseconds in which nothing moved on the way to `label`. */
  constructor(scope: Scope, stall: number, label: string) {
    this.#timer = setInterval(() => {
      if (performance.now() - this.#moved < stall) return;
      scope.abort(stallError(label, `no store path moved for ${stall / 1000} s`));
    }, Math.min(1000, stall / 4));
  }

  /** Something has moved. */
  moved(): void {
    this.#moved = performance.now();
  }

  /** Stops the timer. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
