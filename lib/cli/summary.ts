/**
 * The last line of a run that succeeded.
 *
 * @module
 */
import type { InstallReport } from "../report/install_report.ts";

/** One line: what runs on the target, or what is left to do there. */
export function summary(
  { host, system, rebooted, phases }: InstallReport,
  dryRun: boolean,
): string {
  if (dryRun) return `${host}: nothing was changed`;
  if (rebooted?.seen === "running") return `${host} runs ${rebooted.system ?? "the new system"}`;
  if (rebooted?.seen === "closed") {
    return `${host} was rebooted into ${system ?? "its system"}; it does not let this login in`;
  }
  if (rebooted) {
    return `${host} was told to reboot into ${system ?? "its system"}, and has not answered yet`;
  }
  if (system !== undefined) return `${host}: ${system} is installed, the reboot is left to you`;
  if (phases.length === 0) return `${host}: runs an installer already, nothing was left to do`;
  return `${host}: done with ${phases.join(", ")}`;
}
