/**
 * The login of an install: where the user says or, when that fails, to the installer of an earlier run.
 *
 * @module
 */
import { ConnectionError, HostIdentityError, LoginError } from "../errors.ts";
import type { Kept } from "../files/kept.ts";
import type { Destination } from "../plan/destination.ts";
import type { Plan } from "../plan/plan.ts";
import { connect } from "../ssh/connect.ts";
import { keyAgent } from "../ssh/key_agent.ts";
import type { ConnectOptions } from "../ssh/options.ts";
import type { Session } from "../ssh/session.ts";
import { findWayBack, findWayBackByKey, hasKey } from "./host_keys.ts";
import type { Run } from "./run.ts";

/**
 * Logs in where the user says; where that fails since an earlier run has booted the installer already, logs
 * in to that.
 */
export async function logIn(run: Run): Promise<Session> {
  const { plan, report, stack, scope: { signal } } = run;
  const { destination, ssh } = plan;
  if (!destination) throw new TypeError("a plan without a target cannot be run");
  const agent = await keyAgent(destination, ssh, signal);
  if (agent) stack.use(agent);
  const options: ConnectOptions = {
    ...ssh,
    sshOptions: ssh.options,
    agent: agent?.socket,
    deadline: plan.timeouts.connect,
    onContact: () => run.contacts(),
    report,
    signal,
  };
  const kept = await findWayBack(plan);
  try {
    const session = await connect(destination, options);
    if (kept && !session.hostKeyKnown && !(await hasKey(kept, session.fingerprint))) {
      const text =
        `${session.label}: this host key is none that the machine had when an earlier run ` +
        "booted it: compare it with the machine's console";
      report({ type: "log", level: "warning", text });
    }
    return session;
  } catch (error) {
    signal.throwIfAborted();
    const again = await wayBack(plan, destination, kept, error);
    if (!again) throw error;
    const text = `${
      (error as Error).message
    }: trying the installer that an earlier run has booted there`;
    report({ type: "log", level: "info", text });
    for (const place of again.places) {
      try {
        return await connect(place, { ...options, port: place.port, ...again.login });
      } catch (last) {
        signal.throwIfAborted();
        report({ type: "log", level: "debug", text: String(last) });
      }
    }
    throw error;
  }
}

/** Where the installer of an earlier run may be, and what logs in to it. */
async function wayBack(
  plan: Plan,
  destination: Destination,
  keptHere: Kept | undefined,
  error: unknown,
): Promise<{ places: Destination[]; login: ConnectOptions } | undefined> {
  const refused = error instanceof LoginError || error instanceof HostIdentityError;
  if (!refused && !(error instanceof ConnectionError)) return undefined;
  // The address may be another machine's by now; its host key is its own.
  const byKey = refused ? await findWayBackByKey(error.fingerprint) : undefined;
  const kept = byKey ?? (error instanceof HostIdentityError ? undefined : keptHere);
  if (!kept) return undefined;
  const { host, port } = plan.kexec;
  const hosts = new Set([host ?? destination.host, destination.host]);
  const places: Destination[] = [...hosts].map((host) => ({
    ...destination,
    host,
    user: "root",
    port,
  }));
  // Where the key was shown, whatever port that is.
  const shown = plan.ssh.port ?? destination.port ?? 22;
  if (byKey && shown !== port) places.push({ ...destination, user: "root", port: shown });
  return {
    places,
    login: {
      temporaryKey: kept.privateKey,
      expectedHostKeys: kept.hostKeys,
      expectedFingerprint: kept.fingerprint,
    },
  };
}
