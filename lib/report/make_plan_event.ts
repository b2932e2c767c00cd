/**
 * Making the event of a plan: what of it is of use to others, and none of its secrets.
 *
 * @module
 */
import { showFlake } from "../plan/flake.ts";
import { showImage } from "../plan/image.ts";
import type { Plan } from "../plan/plan.ts";
import { hideLogins } from "../plan/secrets.ts";
import type { Facts } from "../plan/facts.ts";
import { VERSION } from "../version.ts";
import type { PlanEvent } from "./plan_event.ts";

/** What is known when the plan was held against the target. */
type Checked = Pick<PlanEvent, "kexec" | "disks" | "diskFate" | "build" | "work"> & {
  readonly facts: Facts;
};

/** The event of a plan as it was asked for or, with what is `known` then, as it was held against the target. */
export function makePlanEvent(plan: Plan, known?: Checked): PlanEvent {
  const { source, phases, dryRun, force, kexec: { image }, build, install, copy } = plan;
  return {
    type: "plan",
    version: 1,
    tool: VERSION,
    checked: known !== undefined,
    ...{ dryRun, force, vmTest: build.vmTest, phases },
    source: source.kind === "flake"
      ? { ...source, flake: hideLogins(showFlake(source.flake)) }
      : source,
    ...(image && { image: showImage(image) }),
    buildOn: build.on,
    ...(build.hardware && { hardware: build.hardware }),
    ...(install.extraFiles !== undefined && { extraFiles: install.extraFiles }),
    copyHostKeys: install.copyHostKeys,
    ...(phases.includes("reboot") && { reboot: plan.reboot }),
    ...(copy.from !== undefined && { from: hideLogins(copy.from) }),
    ...(known && { ...known, facts: shown(known.facts) }),
  };
}

/** Facts without how sudo is told its password. */
function shown({ askpass: _, sudoScript: __, ...facts }: Facts): NonNullable<PlanEvent["facts"]> {
  return facts;
}
