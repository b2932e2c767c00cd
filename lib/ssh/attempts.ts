/**
 * Logging in to a machine that is about to come up, as soon as its ssh server answers.
 *
 * @module
 */
import { delay, Scope } from "../deadline.ts";
import { HostIdentityError, LoginError } from "../errors.ts";
import type { Destination } from "../plan/destination.ts";
import { type Login, prepareLogin } from "./connect.ts";
import type { ConnectOptions } from "./options.ts";
import { Session } from "./session.ts";

/** How logins are tried. */
export interface AttemptsOptions {
  /** Milliseconds that an earlier login waited for the greeting. */
  readonly greetedAfter: number;
  /** How long refused logins are tried again, in milliseconds. */
  readonly refusals: number;
  readonly signal: AbortSignal;
}

/** Milliseconds from one attempt to the next while nothing answers. */
const EVERY = 400;

/** Milliseconds until the next attempt when one was turned away at once. */
const TURNED_AWAY = 150;

/** Milliseconds until the next attempt when the login was refused. */
const REFUSED = 1000;

/**
 * Tries to log in until it succeeds. What is sent to a machine that is down is lost, and an attempt never
 * hears of it: each is given up soon, and the next does not wait for that. From the first greeting on there
 * is only the attempt that was greeted.
 */
export async function logInSoon(
  destination: Destination,
  options: ConnectOptions,
  { greetedAfter, refusals, signal }: AttemptsOptions,
): Promise<Session> {
  const login = await prepareLogin(destination, options);
  const window = Math.min(Math.max(3 * greetedAfter + 500, 700), 15_000);
  const attempts = new Attempts(login, Number.isFinite(window) ? window : 15_000, signal);
  let session: Session | undefined;
  try {
    let refusedSince: number | undefined;
    let next = 0;
    while (!session) {
      const now = performance.now();
      if (now >= next && !attempts.greeted) {
        attempts.begin();
        next = now + EVERY;
      }
      const ended = await attempts.ended(attempts.greeted ? 1000 : next - performance.now());
      if (ended instanceof Session) session = ended;
      else signal.throwIfAborted();
      if (ended instanceof HostIdentityError) throw ended;
      if (ended instanceof LoginError) {
        refusedSince ??= performance.now();
        if (performance.now() - refusedSince > refusals) throw ended;
        next = performance.now() + REFUSED;
      } else if (ended instanceof Error) next = Math.min(next, performance.now() + TURNED_AWAY);
    }
    return session;
  } finally {
    await attempts[Symbol.asyncDispose]();
    if (!session) await login[Symbol.asyncDispose]();
  }
}

class Attempts implements AsyncDisposable {
  readonly #running = new Map<Scope, Promise<void>>();
  readonly #ended: (Session | Error)[] = [];
  #count = 0;
  #leader: Scope | undefined;
  #changed = Promise.withResolvers<void>();

  constructor(
    readonly login: Login,
    readonly window: number,
    readonly signal: AbortSignal,
  ) {}

  /** Whether an attempt that still runs was greeted. */
  get greeted(): boolean {
    return this.#leader !== undefined;
  }

  /** Begins one more. */
  begin(): void {
    const scope = new Scope(this.signal);
    this.#running.set(scope, this.#run(scope));
  }

  /** How an attempt ended that was not ended from here; nothing when none did within `ms` milliseconds. */
  async ended(ms: number): Promise<Session | Error | undefined> {
    if (this.#ended.length === 0) {
      using wait = new Scope(this.signal);
      const pause = delay(Math.max(ms, 1), wait.signal).catch(() => {});
      await Promise.race([pause, this.#changed.promise]);
      wait.abort(OVER);
    }
    this.#changed = Promise.withResolvers();
    return this.#ended.shift();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const scope of this.#running.keys()) scope.abort(OVER);
    await Promise.all(this.#running.values());
    for (const late of this.#ended) if (late instanceof Session) await late[Symbol.asyncDispose]();
  }

  async #run(scope: Scope): Promise<void> {
    // Now and then a patient one, in case the network has become slower than it was.
    const greeting = ++this.#count % 8 === 0 ? 4 * this.window : this.window;
    const onGreeted = () => {
      this.#leader ??= scope;
      for (const other of this.#running.keys()) if (other !== this.#leader) other.abort(OVER);
    };
    try {
      this.#ended.push(await this.login.attempt({ greeting, onGreeted, signal: scope.signal }));
    } catch (error) {
      if (!scope.signal.aborted) this.#ended.push(error as Error);
    } finally {
      if (this.#leader === scope) this.#leader = undefined;
      this.#running.delete(scope);
      scope[Symbol.dispose]();
      this.#changed.resolve();
    }
  }
}

const OVER = new Error("another attempt was greeted first");
