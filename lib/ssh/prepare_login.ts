/**
 * A login before it is tried: the private folder and the configuration in it.
 *
 * @module
 */
import { ConnectionError, InstallError, LoginError, UsageError } from "../errors.ts";
import {
  type Destination,
  parseDestination,
  parsePort,
  showDestination,
} from "../plan/destination.ts";
import { TIMEOUTS } from "../plan/timeouts.ts";
import { type Stage, stamping } from "../report/events.ts";
import { askpass, writePrivate } from "./askpass.ts";
import { widerLine } from "./algorithms.ts";
import { loginOptions, socketConfig } from "./config.ts";
import { hasAesHere, preferAes } from "./fast_cipher.ts";
import { LoginLog } from "./login_log.ts";
import { logIn } from "./master.ts";
import type { LoginOptions } from "./login_options.ts";
import { hostKeyOptions, resolve } from "./resolve.ts";
import { Session } from "./session.ts";

/** A login that can be tried, again and again, also several times at once, until it succeeds. */
export interface Login extends AsyncDisposable {
  /** The target as the user named it, for messages. */
  readonly label: string;
  /** Whether the address may stand for several, of which some may not answer. */
  readonly named: boolean;
  /** How long a login may take, in milliseconds. */
  readonly timeout: number;
  /** Whether ssh can ask somebody on the terminal. */
  readonly attended: boolean;
  /** The stage that it belongs to. */
  readonly stage: Stage;
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

/** How one login is made. */
export interface PreparedOptions extends LoginOptions {
  /** Whether the password alone is tried: a server ends a login after a few keys that it does not know. */
  readonly passwordOnly?: boolean;
  /** The stage that the login belongs to. Default: "connect" */
  readonly stage?: Stage;
}

/** Makes the private folder with the configuration of a login to `destination`. Contacts nothing. */
export async function prepareLogin(
  destination: string | Destination,
  { passwordOnly = false, stage = "connect", ...given }: PreparedOptions = {},
): Promise<Login> {
  const where = typeof destination === "string" ? parseDestination(destination) : destination;
  const label = showDestination(where);
  const report = stamping(given.report, label);
  // As they are used again after a boot.
  const options = { ...given, report };
  const { sshOptions = [], signal } = options;
  const { timeout = TIMEOUTS.connect } = options;
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
    const pinned = options.expectedHostKeys !== undefined;
    const ciphers = options.aes && await hasAesHere() ? preferAes(resolved.ciphers) : undefined;
    const login = { ...base, modern: resolved.modern, hostKeys, ciphers };
    await writePrivate(`${folder}/socket.config`, socketConfig(`${folder}/c`));
    const env = options.password === undefined || temporary
      ? undefined
      : await askpass(folder, options.password, resolved);
    const wider: string[] = [];
    let attempts = 0;
    let taken = false;
    const master = async (attempt: AttemptOptions, bare: boolean) => {
      const { log, connectTimeout, onGreeted, signal: own } = attempt;
      const signals = [signal, own].filter((one) => one !== undefined);
      options.onContact?.();
      const socket = `${folder}/c${++attempts}`;
      const asked = `${folder}/asked${attempts}`;
      log.pinned = pinned;
      log.password = password;
      try {
        const master = await logIn({
          ...{ label, host: where.host, socket, bare, log, onGreeted, report },
          proxied: resolved.jumps,
          config: loginOptions({ ...login, wider, connectTimeout }),
          env: env && { ...env, NIXOS_ANYWHERE_ASKED: asked },
          signal: AbortSignal.any(signals),
        });
        try {
          own.throwIfAborted();
          if (taken && !bare) {
            throw new ConnectionError(`${label}: logged in already`, { hint: "use it" });
          }
          taken = true;
          await takeSocket(socket, `${folder}/c`);
          return master;
        } catch (error) {
          await master[Symbol.asyncDispose]();
          throw error;
        }
      } catch (error) {
        // Another system has another server: what the user's ssh config allows may be for the old one alone.
        const { wider: allowed = pinned || stage !== "connect" } = options;
        const line = widerLine(log.progress.disagreement ?? "");
        if (allowed && line && !wider.includes(line)) {
          wider.push(line);
          log.mended = true;
          const text = `${label}: its ssh server has no ${log.progress.disagreement} that your ` +
            "ssh config allows: allowing those that ssh allows by itself";
          report({ type: "log", level: "info", text });
        }
        throw await askedForMore(error, `${asked}.more`);
      } finally {
        log.asked = await Deno.stat(asked).then(() => true, () => false);
      }
    };
    return {
      label,
      named: !/^[\d.]+$|:/.test(resolved.hostname),
      timeout,
      attended: env === undefined && !temporary && !unattended,
      stage,
      async attempt(attempt) {
        return new Session({
          ...{ label, destination: where, resolved, options, folder, report },
          master: await master(attempt, false),
          logInBare: () => {
            const { connectTimeout } = attempt;
            const within = AbortSignal.timeout(timeout);
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

/** The error of a login that was refused, with the question in its hint that only a person could answer. */
async function askedForMore(error: unknown, path: string): Promise<unknown> {
  const question = await Deno.readTextFile(path).catch(() => undefined);
  if (question === undefined || !(error instanceof LoginError)) return error;
  return new LoginError(error.message, {
    hint: `the server asks ${JSON.stringify(question.trim())}, too: without --env-password ` +
      "ssh asks you for both on the terminal",
    fingerprint: error.fingerprint,
    cause: error,
  });
}

/**
 * Moves the socket of a login to where the session's commands look for it. A login that the server has ended already (of
 * a password that has expired) took its socket with it: the first command over it finds the connection lost, and says why.
 */
export async function takeSocket(socket: string, path: string): Promise<void> {
  await Deno.rename(socket, path).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
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
  { identityFile, privateKey, temporaryKey }: LoginOptions,
): Promise<string | undefined> {
  if (temporaryKey !== undefined) {
    await writePrivate(`${folder}/temporary`, `${temporaryKey.trimEnd()}\n`);
    return `${folder}/temporary`;
  }
  if (identityFile !== undefined || privateKey === undefined) return identityFile;
  // A secret store of a CI may have other line ends, which ssh does not read.
  const text = privateKey.replaceAll(/\r\n?/g, "\n").trim();
  // ssh passes over what stands before it, such as the parameters of an elliptic curve.
  const whole =
    /^-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----\n[^]*\n-----END [A-Z0-9 ]*PRIVATE KEY-----$/m;
  if (!whole.test(text)) {
    throw new UsageError("the text of the private key is none that ssh reads", {
      hint:
        "SSH_PRIVATE_KEY is the whole text of the key's file, its line feeds too, from -----BEGIN to -----END",
    });
  }
  await writePrivate(`${folder}/identity`, `${text}\n`);
  return `${folder}/identity`;
}
