/**
 * Servers that wait for their next question while others need a channel of the connection.
 *
 * @module
 */

/** Keeps what is idle, and ends it as soon as a command has to wait for a channel. */
export class Idle {
  readonly #parked = new Set<AsyncDisposable>();
  #crowded = false;

  /** `crowded` resolves when a command has to wait. */
  constructor(crowded: Promise<void>) {
    crowded.then(() => {
      this.#crowded = true;
      for (const one of this.#parked) this.#end(one);
    });
  }

  /** Says that `server` has nothing to do for now. */
  park(server: AsyncDisposable): void {
    if (this.#crowded) this.#end(server);
    else this.#parked.add(server);
  }

  /** Takes `server` back; false when it had to be ended meanwhile. */
  take(server: AsyncDisposable): boolean {
    return this.#parked.delete(server);
  }

  #end(server: AsyncDisposable): void {
    this.#parked.delete(server);
    server[Symbol.asyncDispose]().then(() => {}, () => {});
  }
}
