/**
 * Waiting with an end: every wait of this module goes through one of these.
 *
 * @module
 */

/** Waits `ms` milliseconds, or less: an abort ends it at once with the signal's reason. */
export function delay(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** A signal of its own that also follows `parent`; disposal unties it from its parent. */
export class Scope implements Disposable {
  readonly #controller = new AbortController();
  readonly #parent: AbortSignal | undefined;
  readonly #follow = () => this.#controller.abort(this.#parent?.reason);
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Makes a scope inside `parent`. */
  constructor(parent?: AbortSignal) {
    this.#parent = parent;
    if (parent?.aborted) this.#follow();
    else parent?.addEventListener("abort", this.#follow, { once: true });
  }

  /** Aborted with the parent, by {@linkcode Scope.abort}, or when {@linkcode Scope.limit} is over. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Ends everything in the scope, for `reason`. */
  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** Ends the scope after `ms` milliseconds, for what `reason` makes. */
  limit(ms: number, reason: () => Error): this {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.abort(reason()), ms);
    return this;
  }

  /** Stops the clock and lets go of the parent. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#parent?.removeEventListener("abort", this.#follow);
  }
}

/** What `promise` gives within `ms` milliseconds, else nothing. It goes on all the same. */
export async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => timer = setTimeout(resolve, ms, undefined));
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What `promise` gives, or the signal's reason once that is aborted. It goes on all the same. */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
