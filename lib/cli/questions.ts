/**
 * What the command asks on the terminal.
 *
 * @module
 */
import { askHidden, askLine, askTwice } from "../ask.ts";
import { escapeControls } from "../escape.ts";
import type { Confirmation, PassphraseQuestion } from "../flow/install_options.ts";
import { fateOf } from "../plan/disks.ts";

/** Asks for the target's name, once; anything else ends the run. Nothing to lose, nothing to ask. */
export async function confirmTarget(
  { host, plan, foundDisks }: Confirmation,
  signal: AbortSignal,
): Promise<boolean> {
  if (!plan.phases.includes("disko") && !plan.phases.includes("kexec")) return true;
  const name = host.slice(host.lastIndexOf("@") + 1);
  const { source } = plan;
  const script = source.kind === "flake" ? source.diskoScript : "diskoScript";
  const fates = foundDisks.length === 0
    ? [fateOf(script, { destroy: true })]
    : foundDisks.map(({ fate }) => fate);
  const wiped = plan.phases.includes("disko") && fates.includes("wiped")
    ? "ALL DATA on these disks will be gone. "
    : "";
  return (await askLine(`\n${wiped}Type ${name} to go on: `, signal))?.trim() === name;
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

/** The passphrase for what disko encrypts: from the environment, or asked for, twice. */
export async function diskPassphrase(
  known: string | undefined,
  { uses, atLeast }: PassphraseQuestion,
  signal: AbortSignal,
): Promise<string | undefined> {
  const names = uses.map(({ kind, name }) => escapeControls(`${kind} ${name}`)).join(", ");
  const what = names === "" ? "" : ` (${names})`;
  return known ?? await askTwice(`Passphrase for the new disks${what}`, atLeast, signal);
}
