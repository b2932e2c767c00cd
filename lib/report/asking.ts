/**
 * When a terminal belongs to a question: of ours, or of ssh, which asks there by itself.
 *
 * @module
 */
import type { Rendered } from "./renderer.ts";

/** Follows who may be asking. */
export class Asking {
  readonly #who = new Set<unknown>();
  readonly #onChange: (held: boolean) => void;
  readonly #say: (line: string) => void;

  /** Tells when all else has to be held back and when no more; `say` is for what may be said all the same. */
  constructor(onChange: (held: boolean) => void, say: (line: string) => void) {
    this.#onChange = onChange;
    this.#say = say;
  }

  /** Whether everything else has to wait. */
  get held(): boolean {
    return this.#who.size > 0;
  }

  /** Takes an event. A login that goes on without anybody says so now and then. */
  hear(event: Rendered): void {
    if (event.type === "waiting" && event.asks) {
      const known = this.#who.has(event.stage);
      this.#add(event.stage);
      if (known && this.#who.size === 1) this.#say(event.text);
    } else if (
      event.type === "waiting" || event.type === "stage" && event.state !== "start"
    ) this.#end(event.stage);
  }

  /** Holds everything else back until disposal. */
  hold(): Disposable {
    const question = Symbol();
    this.#add(question);
    return { [Symbol.dispose]: () => this.#end(question) };
  }

  #add(who: unknown): void {
    const first = !this.held;
    this.#who.add(who);
    if (first) this.#onChange(true);
  }

  #end(who: unknown): void {
    if (this.#who.delete(who) && !this.held) this.#onChange(false);
  }
}
