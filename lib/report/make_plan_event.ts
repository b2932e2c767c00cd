/**
 * Making the event of a plan: what of it is of use to others, and none of its secrets.
 *
 * @module
 */
import { type FlakeRef, showFlake } from "../plan/flake.ts";
import { showImage } from "../plan/image.ts";
import type { Plan } from "../plan/plan.ts";
import { hideLogins } from "../plan/secrets.ts";
import type { Facts } from "../plan/facts.ts";
import { VERSION } from "../version.ts";
import type { StorePath } from "../plan/store_path.ts";
import type { UpdatePlan } from "../plan/update_options.ts";
import type { PlanEvent, UpdatePlanEvent } from "./plan_event.ts";

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

/** The event of an update's plan; `system` is the path that was named, of one that is built already. */
export function makeUpdatePlanEvent(
  plan: UpdatePlan,
  system: StorePath | undefined,
  known?: Pick<UpdatePlanEvent, "build"> & { readonly facts: Facts },
): UpdatePlanEvent {
  const { action, buildOn, rollback, ignoreFailedUnits, installBootloader, from } = plan;
  return {
    type: "plan",
    version: 1,
    tool: VERSION,
    ...{ action, checked: known !== undefined, dryRun: action === "dry-activate" },
    source: system === undefined
      ? { kind: "flake", flake: hideLogins(showFlake(plan.source as FlakeRef)) }
      : { kind: "paths", system },
    ...{ buildOn, rollback, ignoreFailedUnits, installBootloader },
    ...(from !== undefined && { from: hideLogins(from) }),
    ...(known && { ...known, facts: shown(known.facts) }),
  };
}

/** Facts without how sudo is told its password. */
function shown({ askpass: _, sudoScript: __, ...facts }: Facts): NonNullable<PlanEvent["facts"]> {
  return facts;
}
