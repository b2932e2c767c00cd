/**
 * What was evaluated is held against the target, the plan is shown, and whoever is there to be asked is asked.
 *
 * @module
 */
import { InterruptedError } from "../../errors.ts";
import { fateOf, showDisk, showFate, showFound } from "../../plan/disks.ts";
import { needsKexec } from "../../plan/preflight.ts";
import { makePlanEvent } from "../../report/make_plan_event.ts";
import { planLines } from "../../report/plan_lines.ts";
import { workLines } from "../../report/work_lines.ts";
import { workOf } from "../dry_run.ts";
import { checkArchitecture } from "../refuse.ts";
import { always, type Stage, withoutHardware } from "../stage.ts";

export const checkStage: Stage<"check"> = {
  name: "check",
  makes: "confirmation",
  takes: { target: always, facts: always, evaluated: withoutHardware },
  async run({ target, facts, evaluated }, job) {
    const { plan, options, guard, report } = job;
    const host = target.label;
    if (evaluated) await checkArchitecture(job, host, facts, evaluated);
    await guard.look(target, facts, evaluated);
    const foundDisks = evaluated?.kind === "flake" ? guard.found : [];
    const disks = foundDisks.map((one) => `${showFate(one.fate)}: ${showFound(one)}`);
    const kexec = needsKexec(plan, facts);
    const about = { host, plan, facts, kexec, disks, foundDisks, evaluated };
    const work = plan.dryRun ? await workOf(job, evaluated, kexec) : undefined;
    const script = plan.source.kind === "flake" ? plan.source.diskoScript : "diskoScript";
    const build = evaluated?.kind === "flake" ? evaluated.location : undefined;
    report(makePlanEvent(plan, {
      ...{ facts, kexec },
      ...(evaluated?.kind === "flake" && { disks: foundDisks }),
      ...(foundDisks.length === 0 && plan.phases.includes("disko") && {
        diskFate: fateOf(script, { destroy: true }),
      }),
      ...(build && { build: { on: build.on, why: build.why } }),
      ...(work && { work }),
    }));
    for (const text of [...planLines(about, showDisk), ...workLines(work ?? {})]) {
      report({ type: "log", level: "info", text });
    }
    if (!plan.dryRun && await options.confirm?.(about) === false) {
      throw new InterruptedError(`${host}: not confirmed`, {
        hint: "nothing was changed; --yes asks nothing",
      });
    }
    return about;
  },
};
