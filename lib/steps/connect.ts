/**
 * Reaching a target, or the installer that an earlier run has booted on it.
 *
 * @module
 */
import { ConnectionError, HostIdentityError, LoginError } from "../errors.ts";
import { type Destination, parseDestination, showDestination } from "../plan/destination.ts";
import { stamping } from "../report/events.ts";
import { Stages } from "../report/stages.ts";
import { openSession } from "../ssh/open_session.ts";
import type { ConnectOptions, LoginOptions } from "../ssh/login_options.ts";
import { findResumeInfo, findResumeInfoByKey, hasHostKey, type ResumeInfo } from "../ssh/resume.ts";
import type { Session } from "../ssh/session.ts";

/**
 * Logs in to a target and keeps the connection open until the session is disposed of. Everything that
 * the user's ssh config, agent and known_hosts say holds. Where that fails since an earlier run has booted the installer
 * there, logs in to that. Nothing is changed on the target.
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
  return await logIn(destination, options);
}

/** The same, as only a whole install does it: with an agent of its own. */
export async function logIn(
  destination: string | Destination,
  { resume = {}, ...given }: LoginOptions & Pick<ConnectOptions, "resume">,
): Promise<Session> {
  const where = typeof destination === "string" ? parseDestination(destination) : destination;
  const report = stamping(given.report, showDestination(where));
  const stages = Stages.of(report);
  const onContact = () => {
    if ((stages.state ?? "uncontacted") === "uncontacted") stages.reach("untouched");
    given.onContact?.();
  };
  const login: LoginOptions = { ...given, report, onContact };
  const open = resume === false
    ? () => openSession(where, login)
    : () => openOrResume(where, login, resume);
  return await stages.run("connect", open, given.signal);
}

async function openOrResume(
  destination: Destination,
  login: LoginOptions,
  { host = destination.host, port = 22 }: Exclude<ConnectOptions["resume"], false | undefined>,
): Promise<Session> {
  const report = stamping(login.report);
  // Where the key was shown, whatever port that is.
  const shown = login.port ?? destination.port ?? 22;
  const saved = await findResumeInfo([
    { host, port },
    { host: destination.host, port },
    { host: destination.host, port: shown },
  ]);
  try {
    const session = await openSession(destination, login);
    if (saved && !session.hostKeyKnown && !(await hasHostKey(saved, session.fingerprint))) {
      const text =
        `${session.label}: this host key is none that the machine had when an earlier run ` +
        "booted it: compare it with the machine's console";
      report({ type: "log", level: "warning", text });
    }
    return session;
  } catch (error) {
    login.signal?.throwIfAborted();
    const { info, byKey } = await resumeInfo(saved, error);
    if (!info) throw error;
    const text = `${
      (error as Error).message
    }: trying the installer that an earlier run has booted there`;
    report({ type: "log", level: "info", text });
    const addresses = [...new Set([host, destination.host])].map((host) => ({ host, port }));
    if (byKey && shown !== port) addresses.push({ host: destination.host, port: shown });
    for (const address of addresses) {
      try {
        return await openSession({ ...destination, ...address, user: "root" }, {
          ...login,
          port: address.port,
          temporaryKey: info.privateKey,
          expectedHostKeys: info.hostKeys,
          expectedFingerprint: info.fingerprint,
        });
      } catch (last) {
        login.signal?.throwIfAborted();
        report({ type: "log", level: "debug", text: String(last) });
      }
    }
    throw error;
  }
}

/** What logs in to the installer of an earlier run, where this failure of a login may be for that. */
async function resumeInfo(
  saved: ResumeInfo | undefined,
  error: unknown,
): Promise<{ readonly info?: ResumeInfo | undefined; readonly byKey: boolean }> {
  const refused = error instanceof LoginError || error instanceof HostIdentityError;
  if (!refused && !(error instanceof ConnectionError)) return { byKey: false };
  // The address may be another machine's by now; its host key is its own.
  const byKey = refused ? await findResumeInfoByKey(error.fingerprint) : undefined;
  const here = error instanceof HostIdentityError ? undefined : saved;
  return { info: byKey ?? here, byKey: byKey !== undefined };
}
