/**
 * The signals that end the command.
 *
 * @module
 */
import { InterruptedError } from "../errors.ts";

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

  [Symbol.dispose](): void {
    for (const [name, handler] of this.#handlers) Deno.removeSignalListener(name, handler);
  }
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
