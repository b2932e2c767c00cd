/**
 * Opening a session: which ways to log in are tried, one after the other.
 *
 * @module
 */
import { ConnectionError, LoginError } from "../errors.ts";
import type { Destination } from "../plan/destination.ts";
import { stamping } from "../report/events.ts";
import { logInFirst } from "./first_login.ts";
import { LoginLog } from "./login_log.ts";
import type { LoginOptions } from "./login_options.ts";
import { type PreparedOptions, prepareLogin } from "./prepare_login.ts";
import type { Session } from "./session.ts";

/**
 * Logs in to a target and keeps the connection open until the session is disposed of. Everything that
 * the user's ssh config, agent and known_hosts say holds. Nothing is changed on the target.
 *
 * Throws a {@linkcode UsageError} if the destination or an option is wrong, a
 * {@linkcode HostIdentityError} if the host key is not accepted, a {@linkcode LoginError} if the login is
 * refused and a {@linkcode ConnectionError} if there is no answer.
 *
 * @example
 * ```ts ignore
 * import { connect, getFacts } from "@nixos-anywhere/deno";
 * await using target = await connect("root@203.0.113.7");
 * console.log((await getFacts(target)).arch);
 * ```
 */
export async function openSession(
  destination: string | Destination,
  options: LoginOptions = {},
): Promise<Session> {
  const named = options.temporaryKey === undefined
    ? options.identityFile ?? options.privateKey
    : undefined;
  if (options.password === undefined || options.temporaryKey !== undefined) {
    if (named === undefined || options.onlyIdentity !== undefined) {
      return await logInOnce(destination, options);
    }
    // Alone first: a server gives up after a few keys that it does not know.
    return await inTurn(destination, [
      () => ({ ...options, onlyIdentity: true }),
      () => ({ ...options, onlyIdentity: false }),
    ]);
  }
  // A password that was refused is not sent again: the next one may lock the account.
  return await inTurn(destination, [
    () => named === undefined ? undefined : { ...options, onlyIdentity: true },
    ({ asked, offered }) =>
      asked || !offersPassword(offered) ? undefined : { ...options, passwordOnly: true },
    ({ asked }) => ({
      ...options,
      onlyIdentity: options.onlyIdentity ?? false,
      ...(asked && { password: undefined, keysOnly: true }),
    }),
  ]);
}

/** What a login that was refused has shown. */
interface Refused {
  /** Whether the server was given the password. */
  readonly asked: boolean;
  /** The ways to log in that it offers; none where it did not say so. */
  readonly offered: readonly string[];
}

function offersPassword(offered: readonly string[]): boolean {
  return offered.length === 0 ||
    offered.some((one) => /^(password|keyboard-interactive)$/.test(one));
}

/** Logs in the first way that is accepted; each is told what the one before has shown. */
async function inTurn(
  destination: string | Destination,
  ways: readonly ((before: Refused) => PreparedOptions | undefined)[],
): Promise<Session> {
  let before: Refused = { asked: false, offered: [] };
  let refused: unknown;
  for (const way of ways) {
    const options = way(before);
    if (!options) continue;
    let log = new LoginLog();
    try {
      return await logInOnce(destination, options, (one) => log = one);
    } catch (error) {
      // A server that has had enough keys may just go.
      const turnedAway = error instanceof ConnectionError && log.offered.length > 0 &&
        log.method === undefined;
      // Where it is not the target that has refused it, other keys of the target's are no help.
      if (!(error instanceof LoginError || turnedAway) || !log.greeted) throw error;
      // What was said of the password tells more than what is said of keys afterwards.
      if (!before.asked) refused = error;
      before = { asked: before.asked || log.asked, offered: log.offered };
    }
  }
  throw refused;
}

async function logInOnce(
  destination: string | Destination,
  options: PreparedOptions,
  onLog?: (log: LoginLog) => void,
): Promise<Session> {
  const login = await prepareLogin(destination, options);
  try {
    const session = await logInFirst(login, {
      ...{ report: stamping(options.report), signal: options.signal, onLog },
    });
    const { fingerprint } = session;
    if (fingerprint) {
      const trust = session.hostKeyKnown ? "known" : "new";
      session.report({ type: "host-key", fingerprint, trust });
    }
    return session;
  } catch (error) {
    await login[Symbol.asyncDispose]();
    throw error;
  }
}
