/**
 * Having a target fetch store paths from its own substituters.
 *
 * @module
 */
import { CommandError, DeadlineError } from "../../errors.ts";
import { ActivityLog, JSON_LOG, knowsNoJsonLog } from "../../nix/activity.ts";
import type { Report, Stage } from "../../report/events.ts";
import type { Session } from "../../ssh/session.ts";
import { requestValid } from "../protocol/serve_requests.ts";
import { pidOf, type StoreServers } from "./store_servers.ts";
import { markDead } from "./target_probe.ts";

/** What keeps a substituter from being waited for: what it does not give is sent from here. */
const PATIENCE = {
  "connect-timeout": "3",
  "stalled-download-timeout": "15",
  "download-attempts": "2",
  "keep-going": "true",
};

/** Bytes that have to come while a copy may stand still: less is slower than any link. */
const LEAST = 1_000_000;

/** Who fetches, and for whom. */
export interface SubstitutionOptions {
  readonly servers: StoreServers;
  /** The addresses of the substituters. */
  readonly substituters: readonly string[];
  /** How long nothing may move, in milliseconds. */
  readonly stall: number;
  readonly stage: Stage;
  readonly report: Report;
  /** The words that make a command of the target run as root. Default: [] */
  readonly become?: readonly string[] | undefined;
  readonly signal: AbortSignal;
  /** Called all the while: the target is busy. */
  readonly moved: () => void;
}

/** Has the target fetch what it can of `missing`, and returns what is missing then. It never fails for a substituter. */
export async function substitute(
  session: Session,
  missing: readonly string[],
  options: SubstitutionOptions,
): Promise<string[]> {
  const { report, servers, stage, signal } = options;
  let valid: string[];
  try {
    valid = await fetchThere(session, missing, options, JSON_LOG).catch((error) => {
      if (!(error instanceof CommandError && knowsNoJsonLog(error.output))) throw error;
      return fetchThere(session, missing, options, []);
    });
  } catch (error) {
    signal.throwIfAborted();
    const why = error instanceof Error ? error.message : String(error);
    const text = `${session.label}: its substituters are not used: ${why}`;
    report({ type: "log", level: "warning", text });
    // Some may have come before.
    await using server = servers.remote();
    await server.read((answers) => answers.greeting());
    valid = await server.request(requestValid(missing), (answers) => answers.texts());
  }
  // It fetches nothing any more.
  const nothing = { done: 0, total: 0 };
  report({
    ...{ type: "activity", stage, where: session.label, names: [] },
    ...{ builds: { ...nothing, running: 0 }, fetched: nothing },
  });
  const there = new Set(valid);
  return missing.filter((path) => !there.has(path));
}

async function fetchThere(
  session: Session,
  missing: readonly string[],
  { servers, substituters, stall, stage, report, become, signal, moved }: SubstitutionOptions,
  log: readonly string[],
): Promise<string[]> {
  using activity = new ActivityLog({ report, stage, where: session.label });
  const settings = { "substituters": substituters.join(" "), ...PATIENCE };
  const words = Object.entries(settings).flatMap(([name, value]) => ["--option", name, value]);
  let pid: number | undefined;
  await using server = servers.named([...words, ...log], (line) => {
    if (pid !== undefined) return activity.lines(line);
    pid = pidOf(line);
    return pid === undefined ? [line] : [];
  });
  await server.read((answers) => answers.greeting());
  const slow = Promise.withResolvers<never>();
  let [since, before] = [performance.now(), 0];
  const pulse = setInterval(() => {
    moved();
    const { fetched } = activity;
    if (log.length === 0 || performance.now() - since < stall) return;
    if (fetched - before < LEAST) {
      for (const url of substituters) markDead(session, url);
      slow.reject(
        new DeadlineError(`${fetched - before} bytes came in ${stall / 1000} s`, {
          hint: "what is missing is sent from here",
        }),
      );
    }
    [since, before] = [performance.now(), fetched];
  }, Math.min(1000, stall / 4));
  try {
    const request = requestValid(missing, true);
    return await Promise.race([
      server.request(request, (answers) => answers.texts()),
      slow.promise,
    ]);
  } catch (error) {
    // It does not read while it fetches, and would hold what it fetches locked.
    if (error instanceof DeadlineError && pid !== undefined) {
      await server[Symbol.asyncDispose]();
      const options = { become, allowFailure: true, timeout: 10_000, signal };
      await session.run(["kill", `${pid}`], options).catch(() => {});
    }
    throw error;
  } finally {
    clearInterval(pulse);
  }
}
