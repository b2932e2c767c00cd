/**
 * Servers that wait for their next request while other commands need a channel of the connection.
 *
 * @module
 */

/** Keeps idle servers, and ends them as soon as a command has to wait for a channel. */
export class IdleServers {
  readonly #parked = new Set<AsyncDisposable>();
  #crowded = false;

  /** `crowded` resolves when a command has to wait. */
  constructor(crowded: Promise<void>) {
    crowded.then(() => {
      this.#crowded = true;
      for (const server of this.#parked) this.#end(server);
    });
  }

  /** Keeps `server`, which is idle. */
  park(server: AsyncDisposable): void {
    if (this.#crowded) this.#end(server);
    else this.#parked.add(server);
  }

  /** Takes `server` back; false when it was taken before or had to be ended meanwhile. */
  take(server: AsyncDisposable): boolean {
    return this.#parked.delete(server);
  }

  #end(server: AsyncDisposable): void {
    this.#parked.delete(server);
    server[Symbol.asyncDispose]().then(() => {}, () => {});
  }
}
