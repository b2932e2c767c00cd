/**
 * What stands against an install: a reason to stop, or only a warning where the user says `--force`.
 *
 * @module
 */
import {
  AnswerError,
  BootError,
  CommandError,
  type InstallError,
  PreflightError,
} from "../errors.ts";
import { systemOf } from "../files/inputs.ts";
import type { Facts } from "../plan/facts.ts";
import { firmwareDoubt, wrongBuilder, wrongSystem } from "../plan/preflight.ts";
import type { Job } from "./job.ts";
import type { Evaluated } from "./made.ts";

/** Throws what stands against the install, or only tells it where the user knows better. */
export function refuseUnlessForced(
  { plan, report }: Pick<Job, "plan" | "report">,
  objection: InstallError,
): void {
  if (!plan.force) throw objection;
  const text = `${objection.message}: going on, as --force says`;
  report({ type: "log", level: "warning", text });
}

/**
 * Runs a check on the target: what it finds stands against the install, and so does a check that cannot be run. Returns what
 * the check does; nothing where it failed and that is only told.
 */
export async function checkUnlessForced<T>(
  job: Pick<Job, "plan" | "report">,
  check: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await check();
  } catch (error) {
    const found = [PreflightError, BootError, CommandError, AnswerError]
      .some((kind) => error instanceof kind);
    if (!found) throw error;
    refuseUnlessForced(job, error as InstallError);
    return undefined;
  }
}

/** Refuses a system that is for another architecture than the target's, and tells of one for another firmware. */
export async function checkArchitecture(
  job: Pick<Job, "plan" | "report">,
  host: string,
  facts: Facts,
  evaluated: Evaluated,
): Promise<void> {
  if (evaluated.kind === "none") return;
  const isFlake = evaluated.kind === "flake";
  const system = isFlake
    ? evaluated.evaluation.system
    : job.plan.phases.includes("install")
    ? await systemOf(evaluated.system)
    : undefined;
  const wrong = system === undefined ? undefined : wrongSystem(system, facts, host);
  if (wrong) refuseUnlessForced(job, wrong);
  const builder = isFlake && evaluated.location.on === "remote"
    ? wrongBuilder(evaluated.evaluation.buildSystem, facts, host)
    : undefined;
  if (builder && !wrong) refuseUnlessForced(job, builder);
  const firmware = isFlake && job.plan.phases.includes("install")
    ? firmwareDoubt(evaluated.evaluation.firmware, facts, host)
    : undefined;
  if (firmware) job.report({ type: "log", level: "warning", text: firmware });
}
