/**
 * Activating a system under a guard on the target, which goes back unless a new login confirms it.
 *
 * @module
 */
import { delay, Scope } from "../../async.ts";
import { type ActivationError, AnswerError, CommandError, ConnectionError } from "../../errors.ts";
import { becomeRoot, type Facts } from "../../plan/facts.ts";
import { isStorePath, type StorePath } from "../../plan/store_path.ts";
import type { DeployAction } from "../../plan/update_options.ts";
import type { Report } from "../../report/events.ts";
import { Stages } from "../../report/stages.ts";
import type { Session } from "../../ssh/session.ts";
import { CLEAN_UP, START } from "./activation_scripts.ts";
import { activationError, refusalIn } from "./activation_error.ts";
import { type Activation, confirm, follow, type Standing } from "./follow.ts";
import { GOING_BACK } from "./guard_scripts.ts";
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
  readonly report: Report;
  readonly signal: AbortSignal | undefined;
}

/** What was seen of an activation that is as it should be. */
export interface Activated {
  readonly previous: StorePath | undefined;
  readonly unitsFailed: boolean;
}

/** What a target needs for an answer, in milliseconds. */
const ANSWER = 60_000;

/** As far as a timer counts. */
const longest = (ms: number) => Math.min(ms, 2 ** 31 - 1);

/** Activates a system and returns when it is confirmed; throws an {@linkcode ActivationError} if it is not. */
export async function activate(
  session: Session,
  system: StorePath,
  options: ActivateOptions,
): Promise<Activated> {
  return await new Guarded(session, system, options).run();
}

class Guarded {
  readonly #activation: Activation;
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
    const { facts, report } = options;
    this.#hostKeys = facts.hostKeys;
    this.#activation = { token: crypto.randomUUID(), shown: 0, report };
  }

  async run(): Promise<Activated> {
    const { session, options: { signal, timeout, confirmTimeout, facts } } = this;
    await this.#start();
    using scope = new Scope(signal);
    const unknown = () => this.#unknown();
    const back = Math.max(timeout, 1000 * GOING_BACK);
    scope.limit(longest(timeout + back + confirmTimeout + ANSWER), unknown);
    await using stack = new AsyncDisposableStack();
    let login: Login = { session, become: becomeRoot(facts) };
    // Whether it was opened when the activation was done: an earlier one confirms nothing.
    let isNew = false;
    for (;;) {
      let standing = await this.#follow(login, scope.signal);
      const waiting = standing?.state === "waiting";
      if (standing && waiting) {
        this.confirming = true;
        scope.limit(longest(confirmTimeout + back + ANSWER), unknown);
        this.#hostKeys = [...new Set([...this.#hostKeys, ...standing.hostKeys])];
        if (isNew && await this.#confirm(login, standing, scope.signal)) {
          return this.#done(standing);
        }
      }
      let next: Login | undefined;
      // A login that confirms nothing may still tell what comes of it.
      if (!standing || waiting && !isNew) {
        next = await this.#logIn(standing && login, scope.signal, (seen) => standing = seen);
        if (next) {
          stack.use(next.session);
          if (login.session !== session) await login.session[Symbol.asyncDispose]();
        }
        isNew = waiting;
      } else if (waiting) {
        standing = await this.#follow(login, scope.signal);
      }
      if (next) login = next;
      else if (standing && standing.state !== "waiting") return await this.#end(login, standing);
    }
  }

  /** How it stands, as {@linkcode follow} says; nothing where the login is of no use, such as by a sudo that refuses it. */
  async #follow({ session, become }: Login, signal: AbortSignal): Promise<Standing | undefined> {
    try {
      return await follow(session, this.#activation, become, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof CommandError)) throw error;
      this.trouble = error.message;
      await delay(1000, signal);
      return undefined;
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
    const stages = Stages.of(this.options.report);
    const before = stages.state;
    stages.reach(rollback && action !== "boot" ? "activating" : "partial");
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
        report: this.options.report,
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
      if (!(error instanceof ConnectionError || error instanceof CommandError)) throw error;
      this.trouble = error.message;
      return undefined;
    });
    if (!confirmed) return false;
    const { running } = confirmed;
    if (running !== undefined && running !== this.system && exitCode === 0) {
      const text = `${session.label}: runs ${running}, and not ${this.system}`;
      this.options.report({ type: "log", level: "warning", text });
    }
    return true;
  }

  #done({ exitCode }: Standing): Activated {
    const { session, options: { action } } = this;
    Stages.of(this.options.report).reach(action === "boot" ? "next-boot" : "active");
    const unitsFailed = exitCode === 4;
    if (unitsFailed) {
      const text = `${session.label}: the new system is active, and units of it failed`;
      this.options.report({ type: "log", level: "warning", text });
    }
    return { previous: this.previous, unitsFailed };
  }

  #unknown(): ActivationError {
    return activationError(this, { state: "unknown", hostKeys: [] });
  }
}

const ENDED = new Error("it is known how it ended");
