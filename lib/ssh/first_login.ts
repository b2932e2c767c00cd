/**
 * The login to a machine that is said to be up: what turns out to be slow or busy is given time, everything
 * else is told at once.
 *
 * @module
 */
import { delay, Scope } from "../async.ts";
import { ConnectionError } from "../errors.ts";
import { type Report, silent } from "../report/events.ts";
import type { Login } from "./prepare_login.ts";
import { LoginLog } from "./login_log.ts";
import type { Session } from "./session.ts";
import { LoginWaiting } from "./waiting.ts";

/** Milliseconds before each further try at a server that says that it has too many connections. */
const BUSY: readonly number[] = [2000, 5000, 10_000, 20_000];

/** Seconds for the connection and the greeting: an address that does not answer is told soon. */
const USUAL = 20;

/** Seconds for them where something has accepted the connection: its server may be slow. */
const SLOW = 600;

/** Logs in once, or a few times where the server asked for it; throws after the login's own timeout. */
export async function logInFirst(
  login: Login,
  { report, signal, onLog }: {
    readonly report: Report | undefined;
    readonly signal: AbortSignal | undefined;
    /** Called with the log of each try before it begins. */
    readonly onLog?: ((log: LoginLog) => void) | undefined;
  },
): Promise<Session> {
  const { label, timeout } = login;
  let log = new LoginLog();
  let connectTimeout = USUAL;
  let busy = 0;
  using scope = new Scope(signal);
  using waiting = new LoginWaiting(report ?? silent, login.stage, login.attended);
  scope.limit(timeout, () => late(label, log, timeout));
  for (;;) {
    onLog?.(log);
    waiting.follow(log);
    try {
      return await login.attempt({ log, connectTimeout, signal: scope.signal });
    } catch (error) {
      scope.signal.throwIfAborted();
      const pause = BUSY[busy];
      const { progress } = log;
      if (log.mended) {
        log = new LoginLog();
        continue;
      }
      if (!(error instanceof ConnectionError) || progress.ending !== "turned away") throw error;
      if (progress.timedOut && connectTimeout === USUAL) {
        connectTimeout = SLOW;
        report?.({
          type: "log",
          level: "info",
          text:
            `${label}: accepts connections, and no ssh server greets within ${USUAL} s; waiting`,
        });
      } else if (progress.throttled && pause !== undefined) {
        busy++;
        report?.({
          type: "log",
          level: "info",
          text: `${label}: its ssh server says ${
            JSON.stringify(progress.notice)
          }; trying again in ${pause / 1000} s`,
        });
        await delay(pause, scope.signal);
      } else throw error;
      log = new LoginLog();
    }
  }
}

function late(label: string, log: LoginLog, timeout: number): ConnectionError {
  const what = log.greeted ? "the login did not end" : "no answer from its ssh server";
  const { progress } = log;
  const hint = log.greeted
    ? progress.person === undefined
      ? `it ${progress.unfinished}`
      : "answer it, or log in with a key that needs nobody: -i names one"
    : progress.indirect
    ? "what makes the connection, ProxyJump or ProxyCommand, brings no answer: try it with ssh itself"
    : progress.at("connected")
    ? "it accepts connections, and no ssh server greets: check the port, and that the machine is not overloaded"
    : "check the address and port, and that the machine is up and not overloaded";
  const why = progress.person === undefined ? "" : `: it waits for ${progress.person}`;
  return new ConnectionError(`${label}: ${what} within ${timeout / 1000} s${why}`, { hint });
}
