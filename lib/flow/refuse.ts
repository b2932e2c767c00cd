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
import type { Run } from "./run.ts";

/** Throws what stands against the install, or only tells it where the user knows better. */
export function refuseUnlessForced(
  { plan, report }: Pick<Run, "plan" | "report">,
  objection: InstallError,
): void {
  if (!plan.force) throw objection;
  const text = `${objection.message}: going on, as --force says`;
  report({ type: "log", level: "warning", text });
}

/** Runs a check on the target: what it finds stands against the install, and so does a check that cannot be run. */
export async function checkUnlessForced(
  run: Pick<Run, "plan" | "report">,
  check: () => Promise<unknown>,
): Promise<void> {
  try {
    await check();
  } catch (error) {
    const found = [PreflightError, BootError, CommandError, AnswerError]
      .some((kind) => error instanceof kind);
    if (!found) throw error;
    refuseUnlessForced(run, error as InstallError);
  }
}
