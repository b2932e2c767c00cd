/**
 * Activating a system under a guard on the target, which goes back unless a new login confirms it.
 *
 * @module
 */
import { Scope } from "../../async.ts";
import {
  ActivationError,
  type ActivationOutcome,
  AnswerError,
  ConnectionError,
  HostIdentityError,
  PreflightError,
} from "../../errors.ts";
import { becomeRoot, type Facts } from "../../plan/facts.ts";
import { isStorePath, type StorePath } from "../../plan/store_path.ts";
import type { DeployAction } from "../../plan/update_options.ts";
import { Stages } from "../../report/stages.ts";
import { logInSoon } from "../../ssh/attempts.ts";
import { getFacts } from "../../ssh/get_facts.ts";
import { internals, type Session } from "../../ssh/session.ts";
import { CLEAN_UP, START } from "./activation_scripts.ts";
import { type Activation, confirm, follow, persist, type Standing } from "./follow.ts";

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

/** Says what an activation would do. */
export async function tryOut(
  session: Session,
  system: StorePath,
  { facts, timeout, signal }: ActivateOptions,
): Promise<Activated> {
  const { stdout } = await session.run(["readlink", "-f", "/run/current-system"], {
    allowFailure: true,
    timeout: ANSWER,
    signal,
  });
  const previous = stdout.trim();
  await session.run([`${system}/bin/switch-to-configuration`, "dry-activate"], {
    become: becomeRoot(facts),
    timeout,
    signal,
    hint: "see its output",
    onLine: (line) => session.report({ type: "output", source: "activation", line }),
  });
  return { previous: isStorePath(previous) ? previous : undefined, unitsFailed: false };
}

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
  #previous: StorePath | undefined;
  #hostKeys: readonly string[];
  /** Why a new login did not work. */
  #trouble: Error | undefined;
  #confirming = false;
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
    // Also for going back, which is as long as an activation.
    using scope = new Scope(signal);
    scope.limit(2 * timeout + confirmTimeout + 2 * ANSWER, () => this.#unknown());
    await using stack = new AsyncDisposableStack();
    let [current, become, isNew] = [session, becomeRoot(facts), false];
    for (;;) {
      let standing = await follow(current, this.#activation, become, scope.signal);
      if (standing?.state === "waiting") {
        this.#confirming = true;
        this.#hostKeys = [...new Set([...this.#hostKeys, ...standing.hostKeys])];
        if (isNew && await this.#confirm(current, become, standing, scope.signal)) {
          return this.#done(standing);
        }
        // Too late, or to be confirmed by a login that it has not seen.
        if (isNew) standing = await follow(current, this.#activation, become, scope.signal);
      }
      if (standing && standing.state !== "waiting") {
        // What was kept there is removed by the confirmation: its answer may have been lost.
        if (standing.state === "active" || standing.state === "gone" && this.#told) {
          await this.#cleanUp(current, become);
          return this.#done(standing);
        }
        await this.#cleanUp(current, become);
        throw this.#failed(standing);
      }
      const next = stack.use(await this.#logIn(scope.signal));
      become = await this.#becomeIn(next, scope.signal);
      [current, isNew] = [next, true];
    }
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
      this.#previous = isStorePath(previous) ? previous : undefined;
      return;
    }
    if (before !== undefined) stages.reach(before);
    const [, why = ""] = /^(busy|no_switch|no_way_back)$/m.exec(stdout) ?? [];
    const [message, hint] = REFUSALS[why] ?? ["cannot start the activation", "see --debug"];
    const Kind = why === "" ? AnswerError : PreflightError;
    throw new Kind(`${session.label}: ${message.replace("SYSTEM", system)}`, { hint });
  }

  /** A new connection, as whoever logged in before. */
  async #logIn(signal: AbortSignal): Promise<Session> {
    const { session, options: { confirmTimeout } } = this;
    const { login } = internals(session);
    const { fingerprint, destination, report, greetedAfter } = session;
    const identity = this.#hostKeys.length > 0
      ? { expectedHostKeys: this.#hostKeys, expectedFingerprint: fingerprint }
      : fingerprint === undefined || login.hostKey === "off"
      ? {}
      : { hostKey: fingerprint as `SHA256:${string}` };
    return await persist(
      () =>
        logInSoon(destination, { ...login, ...identity, report }, {
          greetedAfter: Number.isFinite(greetedAfter) ? greetedAfter : 0,
          refusals: Math.min(20_000, confirmTimeout),
          signal,
        }),
      // It may be the system before soon, with its own keys and users.
      (error) => {
        const known = error instanceof ConnectionError || error instanceof HostIdentityError;
        if (known && this.#trouble?.message !== error.message) {
          session.report({ type: "log", level: "warning", text: error.message });
          this.#trouble = error;
        }
        return known;
      },
      signal,
    );
  }

  /** The words that make a command of the new login root's. */
  async #becomeIn(session: Session, signal: AbortSignal): Promise<readonly string[]> {
    const { facts, sudoPassword } = this.options;
    if (facts.become !== "sudo-password") return becomeRoot(facts);
    return becomeRoot(await getFacts(session, { sudoPassword, signal }));
  }

  async #confirm(
    session: Session,
    become: readonly string[],
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
    return { previous: this.#previous, unitsFailed };
  }

  async #cleanUp(session: Session, become: readonly string[]): Promise<void> {
    await session.script(CLEAN_UP, {
      become,
      name: "clean up",
      args: [this.#activation.token],
      timeout: ANSWER,
      allowFailure: true,
    }).catch(() => {});
  }

  #failed({ state, exitCode }: Standing): ActivationError {
    const { session, system, options: { confirmTimeout, timeout } } = this;
    const outcome: ActivationOutcome = state === "back" || state === "broken" || state === "kept"
      ? state
      : "unknown";
    Stages.of(session.report).reach(outcome === "back" ? "back" : "partial");
    const why = this.#confirming
      ? `${system} was activated, and no new login worked within ${confirmTimeout / 1000} s${
        this.#trouble ? ` (${this.#trouble.message})` : ""
      }`
      : exitCode === undefined
      ? `the activation of ${system} did not end within ${timeout / 1000} s`
      : exitCode === 4
      ? `units of ${system} failed (exit code 4)`
      : `the activation of ${system} failed with exit code ${exitCode}`;
    const then = {
      back: `it went back to ${this.#previous ?? "the system before"}`,
      broken: `going back to ${this.#previous ?? "the system before"} failed as well`,
      kept: "it was told not to go back",
      unknown: "what it runs now is not known",
    }[outcome];
    return new ActivationError(`${session.label}: ${why}: ${then}`, {
      outcome,
      exitCode,
      hint: this.#confirming
        ? "see what the new configuration changes of network, firewall, ssh server and users; --action boot takes it at the next boot"
        : exitCode === 4
        ? "see the failed units in the output above; --ignore-failed-units makes them a warning"
        : "mend what the output above names",
    });
  }

  #unknown(): ActivationError {
    const { session, system, options } = this;
    return new ActivationError(
      `${session.label}: did not answer any more after ${system} was to be activated${
        this.#trouble ? `: ${this.#trouble.message}` : ""
      }`,
      {
        outcome: "unknown",
        hint: `${
          options.rollback ? "it goes back by itself to the system before; " : ""
        }look at the machine's console`,
      },
    );
  }
}

const REFUSALS: Readonly<Record<string, readonly [message: string, hint: string]>> = {
  busy: ["another update is under way there", "wait until it has ended, or went back by itself"],
  no_switch: [
    "SYSTEM has no bin/switch-to-configuration",
    "name a NixOS system (system.build.toplevel) with system.switch.enable",
  ],
  no_way_back: [
    "the system that it runs cannot be activated again, so there is no way back",
    "activate the new one at the next boot (--action boot), or without a way back (--no-rollback)",
  ],
};
