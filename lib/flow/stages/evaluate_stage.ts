/**
 * The configuration is evaluated: once, for all that the phases need, and after the hardware was looked at where that is
 * written into it.
 *
 * @module
 */
import { evaluate } from "../../nix/evaluate.ts";
import { chooseBuildLocation } from "../../nix/build_location.ts";
import { flakeSettings, nixConfig } from "../../nix/settings.ts";
import { neededParts } from "../../plan/phases.ts";
import { useSubstituters } from "../../steps/substituters.ts";
import { type Job, needsBuild } from "../job.ts";
import { type Evaluated, substitutersOf } from "../made.ts";
import { checkArchitecture } from "../refuse.ts";
import { type Stage, withHardware } from "../stage.ts";

export const evaluateStage: Stage<"evaluate"> = {
  name: "evaluate",
  makes: "evaluated",
  takes: { installer: withHardware, facts: withHardware, hardware: withHardware },
  async run({ installer, facts }, job) {
    const work = () => evaluateSource(job);
    const evaluated = await (needsBuild(job.plan) ? job.stages.run("evaluate", work) : work());
    if (!installer || !facts) return evaluated;
    await checkArchitecture(job, installer.label, facts, evaluated);
    job.guard.expect(evaluated);
    const substituters = substitutersOf(job.plan, evaluated);
    if (substituters) await useSubstituters(installer, substituters);
    return evaluated;
  },
};

/** Evaluates what the phases of a plan need of its source, and decides where it is built. */
async function evaluateSource({ plan, nix: given, report }: Job): Promise<Evaluated> {
  const { source } = plan;
  const parts = neededParts(plan);
  if (parts.length === 0) return { kind: "none" };
  if (source.kind !== "flake") return source;
  const nix = { ...given, timeout: plan.timeouts.build };
  const { flake, diskoScript } = source;
  const attributes = parts.map((part) => part === "disko" ? diskoScript : "toplevel");
  const asked = nixConfig(nix);
  asked.catch(() => {}); // awaited below
  const evaluation = await evaluate(flake, attributes, nix);
  const location = plan.build.on === "auto"
    ? await chooseBuildLocation(evaluation.buildSystem, nix, asked)
    : { on: plan.build.on, why: "as --build-on says" };
  const where = location.on === "local" ? "building here" : "building on the target";
  report({ type: "log", level: "info", text: `${where}: ${location.why}` });
  const settings = await flakeSettings(flake, await asked, nix);
  return { kind: "flake", evaluation, location, settings };
}
