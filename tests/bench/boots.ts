/**
 * When each boot of the emulated machine was ready for logins, by its console.
 *
 * @module
 */

/** Follows a console. Disposal ends that. */
export class Boots implements Disposable {
  readonly #console: () => Promise<string>;
  readonly #ready = new Map<string, number>();
  readonly #timer: ReturnType<typeof setInterval>;
  #looking = false;

  /** Follows what `console` returns, as it grows. */
  constructor(console: () => Promise<string>) {
    this.#console = console;
    this.#timer = setInterval(() => this.#look().catch(() => {}), 20);
  }

  /** When the ssh server of a boot began to listen, by `performance.now()`. */
  at(stage: string): number | undefined {
    return this.#ready.get(stage);
  }

  /** Waits for that. */
  async seen(stage: string, timeout: number): Promise<number> {
    const deadline = performance.now() + timeout;
    for (;;) {
      const at = this.at(stage);
      if (at !== undefined) return at;
      if (performance.now() > deadline) throw new Error(`no ${stage} within ${timeout / 1000} s`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Stops. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      let stage = "";
      const lines = /^=== stage: (\w+) |Server listening on /gm;
      for (const [, name] of (await this.#console()).matchAll(lines)) {
        if (name !== undefined) stage = name;
        else if (!this.#ready.has(stage)) this.#ready.set(stage, performance.now());
      }
    } finally {
      this.#looking = false;
    }
  }
}
