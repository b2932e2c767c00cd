/**
 * A new login on a machine whose network, users or ssh server may be other ones now.
 *
 * @module
 */
import { delay } from "../../async.ts";
import { ConnectionError, DeadlineError, HostIdentityError } from "../../errors.ts";
import { becomeRoot, type Facts } from "../../plan/facts.ts";
import type { Report } from "../../report/events.ts";
import { logInSoon } from "../../ssh/attempts.ts";
import { getFacts } from "../../ssh/get_facts.ts";
import { internals, type Session } from "../../ssh/session.ts";

/** A login, and the words that make its commands root's. */
export interface Login {
  readonly session: Session;
  readonly become: readonly string[];
}

/** How a new login is made. */
export interface NewLoginOptions {
  readonly facts: Facts;
  readonly sudoPassword: (() => Promise<string | undefined>) | undefined;
  /** The ssh host keys that the machine may show, each `TYPE BASE64`, besides the one that it has shown. */
  readonly hostKeys: readonly string[];
  /** How long refused logins are tried in one go, in milliseconds. */
  readonly refusals: number;
  /** Called with why it does not work, a clause, when that is another reason than before. */
  readonly onTrouble: (trouble: string) => void;
  readonly report: Report;
  readonly signal: AbortSignal;
}

/** Logs in to the machine of a session once more, by a connection of its own, and tries until that works. */
export async function openNewLogin(first: Session, options: NewLoginOptions): Promise<Login> {
  const { facts, sudoPassword, refusals, report, signal } = options;
  const { destination, greetedAfter } = first;
  const login = {
    ...{ ...internals(first).login, ...identity(first, options.hostKeys), report },
    // What counts is whether the user gets in by their own ssh config.
    wider: false,
  };
  let last = "";
  for (;;) {
    try {
      const session = await logInSoon(destination, login, {
        greetedAfter: Number.isFinite(greetedAfter) ? greetedAfter : 0,
        ...{ refusals, signal },
        onSeen: (text) => text !== "" && options.onTrouble(`it ${text}`),
      });
      try {
        if (facts.become !== "sudo-password") return { session, become: becomeRoot(facts) };
        return { session, become: becomeRoot(await getFacts(session, { sudoPassword, signal })) };
      } catch (error) {
        await session[Symbol.asyncDispose]();
        throw error;
      }
    } catch (error) {
      signal.throwIfAborted();
      // It may be the system before soon, with its own keys and users.
      const again = error instanceof ConnectionError || error instanceof HostIdentityError ||
        error instanceof DeadlineError;
      if (!again) throw error;
      if (error.message !== last) {
        report({ type: "log", level: "warning", text: error.message });
        options.onTrouble(error.message);
      }
      last = error.message;
      await delay(1000, signal);
    }
  }
}

/** What makes it the same machine. */
function identity(first: Session, hostKeys: readonly string[]) {
  const { fingerprint } = first;
  if (hostKeys.length > 0) {
    return { expectedHostKeys: hostKeys, expectedFingerprint: fingerprint };
  }
  const unchecked = internals(first).login.hostKey === "off" || fingerprint === undefined;
  return unchecked ? {} : { hostKey: fingerprint as `SHA256:${string}` };
}
