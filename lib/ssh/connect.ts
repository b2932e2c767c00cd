/**
 * Reaching a target: the private folder, the configuration in it, and the login.
 *
 * @module
 */
import { ConnectionError, InstallError, LoginError } from "../errors.ts";
import {
  type Destination,
  parseDestination,
  parsePort,
  showDestination,
} from "../plan/destination.ts";
import { silent } from "../report/events.ts";
import { askpass, writePrivate } from "./helpers.ts";
import { loginOptions, socketConfig } from "./config.ts";
import { logInFirst } from "./first_login.ts";
import { LoginLog } from "./log.ts";
import { logIn } from "./master.ts";
import type { ConnectOptions } from "./options.ts";
import { hostKeyOptions, resolve } from "./resolve.ts";
import { Session } from "./session.ts";

/** A login that can be tried, again and again, also several times at once, until it succeeds. */
export interface Login extends AsyncDisposable {
  /** The target as the user named it, for messages. */
  readonly label: string;
  /** Whether the address may stand for several, of which some may not answer. */
  readonly named: boolean;
  /** How long a login may take, in milliseconds. */
  readonly deadline: number;
  /** Tries to log in. The session of the first that succeeds owns the login's folder from then on. */
  attempt(options: AttemptOptions): Promise<Session>;
}

/** How one login is tried. */
export interface AttemptOptions {
  /** Where ssh's log goes: it tells how far the login is. */
  readonly log: LoginLog;
  /** Seconds that ssh gives the connection and the server's greeting together. */
  readonly connectTimeout: number;
  /** Called when the server has greeted. */
  readonly onGreeted?: () => void;
  /** Ends the try: it has no other limit. */
  readonly signal: AbortSignal;
}

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
export async function connect(
  destination: string | Destination,
  options: ConnectOptions = {},
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

/** How one login is made. */
interface LoginOptions extends ConnectOptions {
  /** Whether the password alone is tried: a server ends a login after a few keys that it does not know. */
  readonly passwordOnly?: boolean;
}

function offersPassword(offered: readonly string[]): boolean {
  return offered.length === 0 ||
    offered.some((one) => /^(password|keyboard-interactive)$/.test(one));
}

/** Logs in the first way that is accepted; each is told what the one before has shown. */
async function inTurn(
  destination: string | Destination,
  ways: readonly ((before: Refused) => LoginOptions | undefined)[],
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
      if (!(error instanceof LoginError || turnedAway)) throw error;
      // What was said of the password tells more than what is said of keys afterwards.
      if (!before.asked) refused = error;
      before = { asked: before.asked || log.asked, offered: log.offered };
    }
  }
  throw refused;
}

async function logInOnce(
  destination: string | Destination,
  options: LoginOptions,
  onLog?: (log: LoginLog) => void,
): Promise<Session> {
  const login = await prepareLogin(destination, options);
  try {
    const session = await logInFirst(login, {
      ...{ report: options.report, signal: options.signal, onLog },
    });
    const { fingerprint } = session;
    if (fingerprint) {
      const trust = session.hostKeyKnown ? "known" : "new";
      session.report({ type: "host-key", host: session.label, fingerprint, trust });
    }
    return session;
  } catch (error) {
    await login[Symbol.asyncDispose]();
    throw error;
  }
}

/** Makes the private folder with the configuration of a login to `destination`. Contacts nothing. */
export async function prepareLogin(
  destination: string | Destination,
  { passwordOnly = false, ...options }: LoginOptions = {},
): Promise<Login> {
  const where = typeof destination === "string" ? parseDestination(destination) : destination;
  const { sshOptions = [], report = silent, signal } = options;
  const { deadline = 120_000 } = options;
  const port = options.port === undefined ? where.port : parsePort(options.port, "port");
  const folder = await Deno.makeTempDir({ dir: await shortTemp(), prefix: "nixos-anywhere-" });
  try {
    const password = options.password !== undefined && options.temporaryKey === undefined;
    const identityFile = await keyFile(folder, options);
    const { keysOnly = false, onlyIdentity = true, agent, unattended } = options;
    const temporary = options.temporaryKey !== undefined;
    const base = {
      destination: where,
      port,
      identityFile,
      sshOptions,
      password,
      passwordOnly,
      keysOnly,
      onlyIdentity: onlyIdentity || temporary,
      temporary,
      agent,
      unattended,
    };
    const probe = loginOptions({ ...base, modern: false, hostKeys: [] });
    const resolved = await resolve(probe, where.host, signal);
    const hostKeys = await hostKeyOptions(folder, options, resolved);
    const login = { ...base, modern: resolved.modern, hostKeys };
    await writePrivate(`${folder}/socket.config`, socketConfig(`${folder}/c`));
    const env = options.password === undefined || temporary
      ? undefined
      : await askpass(folder, options.password, resolved);
    const label = showDestination(where);
    let attempts = 0;
    let taken = false;
    const master = async (attempt: AttemptOptions, bare: boolean) => {
      const { log, connectTimeout, onGreeted, signal: own } = attempt;
      const signals = [signal, own].filter((one) => one !== undefined);
      options.onContact?.();
      const socket = `${folder}/c${++attempts}`;
      const asked = `${folder}/asked${attempts}`;
      try {
        const master = await logIn({
          ...{ label, host: where.host, socket, bare, log, onGreeted, report },
          config: loginOptions({ ...login, connectTimeout }),
          env: env && { ...env, NIXOS_ANYWHERE_ASKED: asked },
          signal: AbortSignal.any(signals),
        });
        try {
          own.throwIfAborted();
          if (taken && !bare) {
            throw new ConnectionError(`${label}: logged in already`, { hint: "use it" });
          }
          taken = true;
          await Deno.rename(socket, `${folder}/c`);
          return master;
        } catch (error) {
          await master[Symbol.asyncDispose]();
          throw error;
        }
      } finally {
        log.asked = await Deno.stat(asked).then(() => true, () => false);
      }
    };
    return {
      label,
      named: !/^[\d.]+$|:/.test(resolved.hostname),
      deadline,
      async attempt(attempt) {
        return new Session({
          ...{ label, destination: where, resolved, options, folder, report },
          master: await master(attempt, false),
          logInBare: () => {
            const { connectTimeout } = attempt;
            const within = AbortSignal.timeout(deadline);
            return master({ log: new LoginLog(), connectTimeout, signal: within }, true);
          },
        });
      },
      async [Symbol.asyncDispose]() {
        await Deno.remove(folder, { recursive: true }).catch(() => {});
      },
    };
  } catch (error) {
    await Deno.remove(folder, { recursive: true }).catch(() => {});
    throw error;
  }
}

/** A folder for sockets and configuration: without spaces, which nix's options cannot have, and short. */
export async function shortTemp(): Promise<string> {
  const wanted = Deno.env.get("TMPDIR") ?? "/tmp";
  // A control socket's path may have about 100 bytes; ssh adds 17 while it makes it.
  const fits = /^\/[A-Za-z0-9/._+-]*$/.test(wanted) && wanted.length < 50;
  const dir = fits ? wanted : "/tmp";
  const found = await Deno.stat(dir).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  if (!found?.isDirectory) {
    throw new InstallError(`${dir} is no folder for temporary files`, {
      hint: "set TMPDIR to a folder that exists",
    });
  }
  return dir;
}

/** The file of the key to log in with: the user's, or one of ours with the text of a key. */
async function keyFile(
  folder: string,
  { identityFile, privateKey, temporaryKey }: ConnectOptions,
): Promise<string | undefined> {
  if (temporaryKey !== undefined) {
    await writePrivate(`${folder}/temporary`, `${temporaryKey.trimEnd()}\n`);
    return `${folder}/temporary`;
  }
  if (identityFile !== undefined || privateKey === undefined) return identityFile;
  await writePrivate(`${folder}/identity`, `${privateKey.trimEnd()}\n`);
  return `${folder}/identity`;
}
