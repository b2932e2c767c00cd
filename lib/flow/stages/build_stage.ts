/**
 * What was evaluated is built here, or known to be built on the target.
 *
 * @module
 */
import { buildHere, keepHere, rootsFolder } from "../../nix/realise.ts";
import { cacheSettings } from "../../nix/settings.ts";
import { neededParts } from "../../plan/phases.ts";
import { type Job, needsBuild } from "../job.ts";
import type { Built, Evaluated, Parts } from "../made.ts";
import { always, type Stage } from "../stage.ts";

export const buildStage: Stage<"build"> = {
  name: "build",
  makes: "built",
  takes: { evaluated: always },
  async run({ evaluated }, job) {
    const work = () => buildEvaluated(job, evaluated);
    return await (needsBuild(job.plan) ? job.stages.run("build", work, job.signal) : work());
  },
};

/** Builds what is built here; nothing collects that, or what was built before, as garbage as long as the job is open. */
async function buildEvaluated({ plan, nix, stack }: Job, evaluated: Evaluated): Promise<Built> {
  if (evaluated.kind === "none") return { on: "nowhere" };
  if (evaluated.kind === "paths") {
    const { disko, system } = evaluated;
    if (plan.copy.from === undefined) {
      const needed = neededParts(plan).map((part) => evaluated[part]);
      await keepHere(needed, { ...nix, roots: await rootsFolder(stack) });
    }
    return { on: "local", disko, system };
  }
  const { evaluation: { derivations }, location: { on }, settings } = evaluated;
  const name = (paths: readonly string[]): Parts =>
    Object.fromEntries(neededParts(plan).map((part, at) => [part, paths[at]]));
  if (on === "remote") return { on, ...name(derivations), settings: cacheSettings(settings) };
  const roots = await rootsFolder(stack);
  const all = { ...nix, roots, settings: [...nix.settings ?? [], ...settings] };
  return { on, ...name(await buildHere(derivations, { ...all, timeout: plan.timeouts.build })) };
}
