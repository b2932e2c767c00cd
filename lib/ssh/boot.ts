/**
 * Waiting for a machine to come back as another boot.
 *
 * A boot is known by its boot_id (the kernel makes a new one each time), never by having seen the old one
 * vanish: a machine may be back before anyone looks. While the old boot still runs nobody logs in: a
 * heartbeat over the old connection tells when it stops. From then on logins are tried, ever less often,
 * until one succeeds.
 *
 * @module
 */
import { delay, Scope } from "../async.ts";
import { BootError, ConnectionError, DeadlineError } from "../errors.ts";
import type { Destination } from "../plan/destination.ts";
import { TIMEOUTS } from "../plan/timeouts.ts";
import { logInSoon } from "./attempts.ts";
import type { LoginOptions } from "./login_options.ts";
import type { RemoteSnippet } from "./remote_snippet.ts";
import { internals, type Session } from "./session.ts";
import type { Stage } from "../report/events.ts";

/** What is waited for. */
export interface BootOptions {
  /** The boot_id of the boot that has to go. */
  readonly previous: string;
  /** The stage that the wait belongs to. Default: "kexec" */
  readonly stage?: Stage | undefined;
  /** What is to come up, for messages: `the installer`. */
  readonly expected: string;
  /** Where to log in from then on. Default: where the old session is */
  readonly destination?: Destination | undefined;
  /** How to log in from then on. Default: as the old session did */
  readonly login?: LoginOptions | undefined;
  /** How long the whole may take, in milliseconds. Default: {@linkcode TIMEOUTS}.boot */
  readonly timeout?: number | undefined;
  /** What is done in the new boot, together with the look which boot it is. */
  readonly snippet?: RemoteSnippet | undefined;
  /** How long refused logins are tried again, in milliseconds. Default: 20_000 */
  readonly refusals?: number | undefined;
  /** Done over the old session when its boot has stayed to the end. Its failure is not heard of. */
  readonly onStayed?: ((session: Session) => Promise<void>) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Waits until another boot of the old session's machine lets us log in, and returns the new session. The
 * old session is disposed of.
 *
 * Throws a {@linkcode BootError} when the timeout ends: `stayed` if the old boot still ran, `silent` if
 * nothing answered; a {@linkcode HostIdentityError} at once if another host key is shown, and a
 * {@linkcode LoginError} if logins are refused for `refusals` milliseconds.
 */
export async function awaitBoot(old: Session, options: BootOptions): Promise<Session> {
  const {
    previous,
    expected,
    destination = old.destination,
    timeout = TIMEOUTS.boot,
    refusals = 20_000,
    stage = "kexec",
  } = options;
  const { label, report, greetedAfter } = old;
  const tell = (text: string) => report({ type: "waiting", stage, text });
  const began = performance.now();
  let stayed = true;
  let seen = "";
  using scope = new Scope(options.signal);
  scope.limit(timeout, () =>
    new BootError(
      stayed
        ? `${label}: still runs the same boot after ${timeout / 1000} s`
        : `${label}: went away and did not come back as ${expected} within ${timeout / 1000} s`,
      {
        outcome: stayed ? "stayed" : "silent",
        hint: stayed
          ? "look at the output above for why it did not boot anew"
          : `${
            seen && `it ${seen}; `
          }look at the machine's console; a first boot may need more time, ` +
            "or another network or port",
      },
    ));
  const signal = scope.signal;
  let current = old;
  try {
    for (let lost = 0;;) {
      // A busy machine may be late; one that went has to be missed before the timeout.
      const patience = Math.min(3000 + 4 * finite(greetedAfter), Math.max(0.6 * timeout, 1500));
      tell("the old system still answers");
      await heartbeat(current, signal, patience);
      await current[Symbol.asyncDispose]();
      stayed = false;
      tell("the old system is gone, no answer yet");
      const login = { ...(options.login ?? internals(old).login), report, stage };
      current = await logInSoon(destination, login, {
        greetedAfter: finite(greetedAfter),
        refusals,
        onSeen: (text) => seen = text,
        signal,
      });
      tell("logged in: looking what it runs");
      const bootId = await readBootId(current, { previous, snippet: options.snippet, signal });
      if (bootId !== undefined && bootId !== previous) {
        const seconds = ((performance.now() - began) / 1000).toFixed(1);
        const text = `${label}: a new boot answered after ${seconds} s`;
        report({ type: "log", level: "debug", text });
        return current;
      }
      stayed = bootId === previous;
      // A system that lets us in and goes again, over and over, is not flooded with logins.
      if (!stayed && ++lost > 1) await delay(Math.min(500 * 2 ** lost, 15_000), signal);
    }
  } catch (error) {
    const outcome = error instanceof BootError ? error.outcome : undefined;
    if (outcome === "stayed" && !current.ended) await options.onStayed?.(current).catch(() => {});
    await current[Symbol.asyncDispose]();
    throw error;
  }
}

// $1 the boot that has to go. What is behind it is done only in another one.
const LOOK = `
IFS= read -r boot </proc/sys/kernel/random/boot_id
echo "boot_id $boot"
[ "$boot" != "$1" ] || exit 0
shift
`;

/**
 * The boot that the session is on; `undefined` when the machine went away before it said so. Another than
 * the previous one has done the snippet, too.
 */
async function readBootId(
  session: Session,
  { previous, snippet, signal }: {
    previous: string;
    snippet: RemoteSnippet | undefined;
    signal: AbortSignal;
  },
): Promise<string | undefined> {
  try {
    const { stdout } = await session.script(`${LOOK}${snippet?.text ?? ""}`, {
      name: snippet?.name ?? "look at the boot",
      args: [previous, ...snippet?.args ?? []],
      // What an snippet is told may be a secret, such as a password in an address.
      inline: (snippet?.args ?? []).length === 0,
      timeout: 30_000,
      signal,
    });
    const bootId = /^boot_id (\S+)$/m.exec(stdout)?.[1];
    if (bootId !== previous) snippet?.onOutput(stdout, session);
    return bootId;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ConnectionError || error instanceof DeadlineError) return undefined;
    throw error;
  }
}

/** Resolves when the machine has stopped sending, or the connection has ended. */
async function heartbeat(session: Session, signal: AbortSignal, patience: number): Promise<void> {
  if (session.ended) return;
  using scope = new Scope(signal);
  await using child = internals(session).start([
    "sh",
    "-c",
    // It ends with the connection where SIGPIPE is ignored, too.
    "while echo; do sleep 0.3 2>/dev/null || sleep 1; done",
  ]);
  child.stderr.pipeTo(new WritableStream()).catch(() => {});
  const reader = child.stdout.getReader();
  let beat = performance.now();
  let over = false;
  const read = async () => {
    while (!(await reader.read()).done) beat = performance.now();
  };
  const reading = read().catch(() => {}).finally(() => over = true);
  try {
    while (!over && !session.ended && performance.now() - beat < patience) {
      await delay(50, scope.signal);
    }
  } finally {
    await reader.cancel().catch(() => {});
    await reading;
  }
}

function finite(ms: number): number {
  return Number.isFinite(ms) ? ms : 0;
}
