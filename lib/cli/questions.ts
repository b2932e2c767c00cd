/**
 * What the command asks on the terminal.
 *
 * @module
 */
import { askHidden, askLine } from "../ask.ts";
import type { Confirmation } from "../flow/run.ts";

/** Asks for the target's name, once; anything else ends the run. Nothing to lose, nothing to ask. */
export async function confirmTarget(
  { host, plan }: Confirmation,
  signal: AbortSignal,
): Promise<boolean> {
  if (!plan.phases.includes("disko") && !plan.phases.includes("kexec")) return true;
  const name = host.slice(host.lastIndexOf("@") + 1);
  const wiped = plan.phases.includes("disko") ? "ALL DATA on these disks will be gone. " : "";
  return (await askLine(`\n${wiped}Type ${name} to go on: `, signal)).trim() === name;
}

/** sudo's password on the target: from the environment, or asked for where somebody can answer. */
export async function sudoPassword(
  known: string | undefined,
  interactive: boolean,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (known !== undefined || !interactive) return known;
  return await askHidden("Password for sudo on the target: ", signal);
}
