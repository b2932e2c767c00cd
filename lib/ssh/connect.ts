/**
 * Reaching a target: the private folder, the configuration in it, and the login.
 *
 * @module
 */
import { InstallError, LoginError } from "../errors.ts";
import {
  type Destination,
  parseDestination,
  parsePort,
  showDestination,
} from "../plan/destination.ts";
import { silent } from "../report/events.ts";
import { askpass, writePrivate } from "./helpers.ts";
import { loginOptions, socketConfig } from "./config.ts";
import { logIn } from "./master.ts";
import type { ConnectOptions } from "./options.ts";
import { hostKeyOptions, resolve } from "./resolve.ts";
import { Session } from "./session.ts";

/** A login that can be tried, again and again, also several times at once, until it succeeds. */
export interface Login extends AsyncDisposable {
  /** Tries to log in. The session owns the login's folder from then on. */
  attempt(options?: AttemptOptions): Promise<Session>;
}

/** How one login is tried. */
export interface AttemptOptions {
  /** How long until the server's greeting, in milliseconds. @default as long as the login may take */
  readonly greeting?: number;
  /** Called when the server has greeted. */
  readonly onGreeted?: () => void;
  readonly signal?: AbortSignal;
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
  if (named === undefined || options.onlyIdentity !== undefined) {
    return await logInOnce(destination, options);
  }
  try {
    // Alone first: a server gives up after a few keys that it does not know.
    return await logInOnce(destination, { ...options, onlyIdentity: true });
  } catch (error) {
    if (!(error instanceof LoginError)) throw error;
    return await logInOnce(destination, { ...options, onlyIdentity: false });
  }
}

async function logInOnce(
  destination: string | Destination,
  options: ConnectOptions,
): Promise<Session> {
  const login = await prepareLogin(destination, options);
  try {
    const session = await login.attempt();
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
  options: ConnectOptions = {},
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
      keysOnly,
      onlyIdentity: onlyIdentity || temporary,
      temporary,
      agent,
      unattended,
    };
    const probe = loginOptions({ ...base, modern: false, hostKeys: [] });
    const resolved = await resolve(probe, where.host, signal);
    const hostKeys = await hostKeyOptions(folder, options, resolved);
    const config = loginOptions({ ...base, modern: resolved.modern, hostKeys });
    await writePrivate(`${folder}/socket.config`, socketConfig(`${folder}/c`));
    const env = options.password === undefined || temporary
      ? undefined
      : await askpass(folder, options.password, resolved);
    const label = showDestination(where);
    let attempts = 0;
    return {
      async attempt(attempt = {}) {
        const signals = [signal, attempt.signal].filter((one) => one !== undefined);
        const socket = `${folder}/c${++attempts}`;
        const master = await logIn({
          label,
          host: where.host,
          config,
          socket,
          env,
          greeting: attempt.greeting,
          onGreeted: attempt.onGreeted,
          deadline,
          signal: AbortSignal.any(signals),
          report,
        });
        try {
          attempt.signal?.throwIfAborted();
          await Deno.rename(socket, `${folder}/c`);
        } catch (error) {
          await master[Symbol.asyncDispose]();
          throw error;
        }
        return new Session({
          label,
          destination: where,
          master,
          resolved,
          options,
          folder,
          report,
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
