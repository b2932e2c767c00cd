/**
 * Activating a system under a guard on the target, which goes back unless a new login confirms it.
 *
 * @module
 */
import { Scope } from "../../async.ts";
import { type ActivationError, AnswerError, ConnectionError } from "../../errors.ts";
import { becomeRoot, type Facts } from "../../plan/facts.ts";
import { isStorePath, type StorePath } from "../../plan/store_path.ts";
import type { DeployAction } from "../../plan/update_options.ts";
import { Stages } from "../../report/stages.ts";
import type { Session } from "../../ssh/session.ts";
import { CLEAN_UP, START } from "./activation_scripts.ts";
import { activationError, refusalIn } from "./activation_error.ts";
import { type Activation, confirm, follow, type Standing } from "./follow.ts";
import { type Login, openNewLogin } from "./new_login.ts";

/** What an activation is made of. */
export interface ActivateOptions {
  readonly action: DeployAction;
  readonly facts: Facts;
  readonly sudoPassword: (() => Promise<string | undefined>) | undefined;
  readonly rollback: boolean;
  readonly ignoreFailedUnits: boolean;
  readonly installBootloader: boolean;
  /** Milliseconds for the activation, and for a new login after it. */
  readonly timeout: number;
  readonly confirmTimeout: number;
  readonly signal: AbortSignal | undefined;
}

/** What was seen of an activation that is as it should be. */
export interface Activated {
  readonly previous: StorePath | undefined;
  readonly unitsFailed: boolean;
}

/** What a target needs for an answer, in milliseconds. */
const ANSWER = 60_000;

/** Activates a system and returns when it is confirmed; throws an {@linkcode ActivationError} if it is not. */
export async function activate(
  session: Session,
  system: StorePath,
  options: ActivateOptions,
): Promise<Activated> {
  return await new Guarded(session, system, options).run();
}

class Guarded {
  readonly #activation: Activation = { token: crypto.randomUUID(), shown: 0 };
  previous: StorePath | undefined;
  #hostKeys: readonly string[];
  /** Why a new login did not work, a clause. */
  trouble: string | undefined;
  /** Whether it was to be confirmed by a new login. */
  confirming = false;
  /** Whether it was told to the target that a new login works. */
  #told = false;

  constructor(
    readonly session: Session,
    readonly system: StorePath,
    readonly options: ActivateOptions,
  ) {
    this.#hostKeys = options.facts.hostKeys;
  }

  async run(): Promise<Activated> {
    const { session, options: { signal, timeout, confirmTimeout, facts } } = this;
    await this.#start();
    using scope = new Scope(signal);
    const unknown = () => this.#unknown();
    // Going back may take as long as the activation.
    scope.limit(2 * timeout + confirmTimeout + ANSWER, unknown);
    await using stack = new AsyncDisposableStack();
    let login: Login = { session, become: becomeRoot(facts) };
    for (let isNew = false;; isNew = true) {
      let standing = await follow(login.session, this.#activation, login.become, scope.signal);
      const waiting = standing?.state === "waiting";
      if (standing && waiting) {
        this.confirming = true;
        scope.limit(confirmTimeout + timeout + ANSWER, unknown);
        this.#hostKeys = [...new Set([...this.#hostKeys, ...standing.hostKeys])];
        if (isNew && await this.#confirm(login, standing, scope.signal)) {
          return this.#done(standing);
        }
      }
      let next: Login | undefined;
      // A login that was there before confirms nothing, and may still tell what comes of it.
      if (!standing || waiting && !isNew) {
        next = await this.#logIn(standing && login, scope.signal, (seen) => standing = seen);
        if (next) stack.use(next.session);
      } else if (waiting) {
        standing = await follow(login.session, this.#activation, login.become, scope.signal);
      }
      if (next) login = next;
      else if (standing && standing.state !== "waiting") return await this.#end(login, standing);
    }
  }

  /** What comes of an activation that has ended. */
  async #end({ session, become }: Login, standing: Standing): Promise<Activated> {
    await session.script(CLEAN_UP, {
      become,
      name: "clean up",
      args: [this.#activation.token],
      timeout: ANSWER,
      allowFailure: true,
    }).catch(() => {});
    // What was kept there is removed by the confirmation: its answer may have been lost.
    if (standing.state === "active" || standing.state === "gone" && this.#told) {
      return this.#done(standing);
    }
    throw activationError(this, standing);
  }

  /** Starts guard and activation. */
  async #start(): Promise<void> {
    const { session, system, options } = this;
    const { action, facts, rollback, ignoreFailedUnits, installBootloader, signal } = options;
    const seconds = (ms: number) => String(Math.ceil(ms / 1000));
    const flag = (value: boolean) => value ? "y" : "n";
    const stages = Stages.of(session.report);
    const before = stages.state;
    stages.reach("activating");
    const { stdout } = await session.script(START, {
      become: becomeRoot(facts),
      name: "start the activation",
      args: [
        ...[this.#activation.token, system, action],
        ...[seconds(options.timeout), seconds(options.confirmTimeout)],
        ...[flag(rollback), flag(ignoreFailedUnits), installBootloader ? "1" : "0"],
      ],
      timeout: ANSWER,
      signal,
    });
    if (/^started$/m.test(stdout)) {
      const previous = /^previous (.*)$/m.exec(stdout)?.[1] ?? "";
      this.previous = isStorePath(previous) ? previous : undefined;
      return;
    }
    if (before !== undefined) stages.reach(before);
    throw refusalIn(stdout, session.label, system) ??
      new AnswerError(`${session.label}: the activation cannot be started`, {
        hint: "run it again with --debug",
      });
  }

  /**
   * A new login, as whoever logged in before. Nothing where the one that is `open` tells first how it ended, which
   * `onEnd` is called with.
   */
  async #logIn(
    open: Login | undefined,
    signal: AbortSignal,
    onEnd: (standing: Standing) => void,
  ): Promise<Login | undefined> {
    using race = new Scope(signal);
    const watching = open &&
      follow(open.session, this.#activation, open.become, race.signal, "outcome").then(
        (standing) => {
          if (!standing) return;
          onEnd(standing);
          race.abort(ENDED);
        },
        () => {},
      );
    try {
      const { session, options: { facts, sudoPassword, confirmTimeout } } = this;
      return await openNewLogin(session, {
        ...{ facts, sudoPassword, refusals: Math.min(20_000, confirmTimeout) },
        ...{ hostKeys: this.#hostKeys, signal: race.signal },
        onTrouble: (trouble) => this.trouble = trouble,
      });
    } catch (error) {
      if (error === ENDED || race.signal.reason === ENDED) return undefined;
      throw error;
    } finally {
      race.abort(ENDED);
      await watching;
    }
  }

  async #confirm(
    { session, become }: Login,
    { exitCode }: Standing,
    signal: AbortSignal,
  ): Promise<boolean> {
    this.#told = true;
    const confirmed = await confirm(session, this.#activation, become, signal).catch((error) => {
      signal.throwIfAborted();
      if (error instanceof ConnectionError) return undefined;
      throw error;
    });
    if (!confirmed) return false;
    const { running } = confirmed;
    if (running !== undefined && running !== this.system && exitCode === 0) {
      const text = `${session.label}: runs ${running}, and not ${this.system}`;
      session.report({ type: "log", level: "warning", text });
    }
    return true;
  }

  #done({ exitCode }: Standing): Activated {
    const { session, options: { action } } = this;
    Stages.of(session.report).reach(action === "boot" ? "next-boot" : "active");
    const unitsFailed = exitCode === 4;
    if (unitsFailed) {
      const text = `${session.label}: the new system is active, and units of it failed`;
      session.report({ type: "log", level: "warning", text });
    }
    return { previous: this.previous, unitsFailed };
  }

  #unknown(): ActivationError {
    return activationError(this, { state: "unknown", hostKeys: [] });
  }
}

const ENDED = new Error("it is known how it ended");
