/**
 * A plan held against its target, as lines for people: what they decide by.
 *
 * @module
 */
import { type Disk, fateOf, showFate } from "../plan/disks.ts";
import type { Facts } from "../plan/facts.ts";
import { showFlake } from "../plan/flake.ts";
import { showImage } from "../plan/image.ts";
import type { Plan } from "../plan/plan.ts";
import { hideLogins } from "../plan/secrets.ts";

/** What the lines are made of. */
export interface PlanFacts {
  readonly host: string;
  readonly plan: Plan;
  readonly facts: Facts;
  readonly kexec: boolean;
  readonly disks: readonly string[];
}

/** The lines: the target, the source, the image, the phases, what becomes of each disk. */
export function planLines(
  { host, plan, facts, kexec, disks }: PlanFacts,
  show: (disk: Disk) => string,
): string[] {
  const { source, phases } = plan;
  const memory = `${Math.round(facts.memory / 2 ** 20)} MiB`;
  const model = facts.model === undefined ? "" : `, ${facts.model}`;
  const lines = [
    `target: ${host}, ${facts.name || facts.os}, ${facts.arch}, ${memory} of memory${model}`,
  ];
  if (source.kind === "flake") lines.push(`system: ${hideLogins(showFlake(source.flake))}`);
  if (source.kind === "paths") lines.push(`system: ${source.system}`);
  lines.push(
    kexec
      ? `installer: by kexec, from ${
        plan.kexec.image ? showImage(plan.kexec.image) : "the published image"
      }`
      : `installer: ${facts.installer ? "runs already" : "none"}`,
  );
  lines.push(`phases: ${phases.join(", ")}`);
  if (plan.reboot === "kexec") lines.push("reboot: by kexec, past firmware and boot loader");
  if (!phases.includes("disko")) return lines;
  lines.push(...disks);
  if (disks.length === 0) {
    const fate = fateOf(source.kind === "flake" ? source.diskoScript : "diskoScript", {
      destroy: true,
    });
    lines.push(`${showFate(fate)}: the disks that the disko script names, of these:`);
    lines.push(...facts.disks.map((disk) => `  ${show(disk)}`));
  }
  return lines;
}
