/**
 * The signals that end the command.
 *
 * @module
 */
import { InterruptedError, UsageError } from "../errors.ts";

/** How long the end of a child is taken for a signal's that is still to come, in milliseconds. */
const SIGNAL_DELAY = 300;

/** Turns the signals that end a command into an abort: once to end in order, twice to end at once. */
export class Interrupts implements Disposable {
  readonly #controller = new AbortController();
  readonly #handlers: readonly (readonly [Deno.Signal, () => void])[];

  /** Listens for the signals; `exit` ends the process without waiting for anything. */
  constructor(exit: (code: number) => void) {
    this.#handlers = (["SIGINT", "SIGTERM", "SIGHUP"] as const).map((name) => [name, () => {
      if (this.#controller.signal.aborted) return void endAtOnce(exit);
      // How to go on depends on the state that is reached: the outcome says it.
      this.#controller.abort(new InterruptedError(`interrupted by ${name}`, { hint: "" }));
    }]);
    for (const [name, handler] of this.#handlers) Deno.addSignalListener(name, handler);
  }

  /** Aborted with an {@linkcode InterruptedError} by the first signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /**
   * What ended a run that failed: a signal, where one came. A terminal's Ctrl-C reaches the children as well, and on a busy
   * machine their end is seen before the signal: there it is waited for it.
   */
  async reason(
    error: unknown,
    { terminal = onTerminal(), delay = SIGNAL_DELAY } = {},
  ): Promise<unknown> {
    const { signal } = this.#controller;
    if (!signal.aborted && terminal && !(error instanceof UsageError)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, delay);
      signal.addEventListener("abort", () => resolve(), { once: true });
      await promise;
      clearTimeout(timer);
    }
    return signal.aborted ? signal.reason : error;
  }

  [Symbol.dispose](): void {
    for (const [name, handler] of this.#handlers) Deno.removeSignalListener(name, handler);
  }
}

function onTerminal(): boolean {
  return [Deno.stdin, Deno.stdout, Deno.stderr].some((stream) => stream.isTerminal());
}

/** Waits for nothing that runs any more, here or on the target. */
async function endAtOnce(exit: (code: number) => void): Promise<void> {
  const { killAll } = await import("../process.ts");
  const began = performance.now();
  // What tidies up may start more. When nothing runs, the command ends by itself, with all it has to say.
  const timer = setInterval(() => {
    killAll();
    if (performance.now() - began > 1000) exit(130);
  }, 20);
  Deno.unrefTimer(timer);
}
