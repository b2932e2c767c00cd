/**
 * What is to be installed, ready: evaluated and built here, or known to be built on the target.
 *
 * @module
 */
import type { FlakeRef } from "../plan/flake.ts";
import type { Plan, Source } from "../plan/plan.ts";
import type { StorePath } from "../plan/store_path.ts";
import type { Stages } from "../report/stages.ts";
import { buildHere, buildLogged } from "../nix/build.ts";
import type { NixOptions } from "../nix/command.ts";
import { evaluate, type Evaluation } from "../nix/evaluate.ts";
import { choosePlace } from "../nix/place.ts";

/** Paths that are in a store of ours. */
export interface BuiltHere {
  readonly on: "local";
  readonly disko: StorePath;
  readonly system: StorePath;
  readonly evaluation?: Evaluation;
}

/** A flake whose parts are built on the target, once it runs the installer. */
export interface BuiltThere {
  readonly on: "remote";
  readonly flake: FlakeRef;
  readonly diskoScript: string;
  readonly evaluation: Evaluation;
}

/** What is to be installed; nothing, where no phase of the plan needs it. */
export type Built = BuiltHere | BuiltThere | { readonly on: "nowhere" };

/** Evaluates the source of a plan once, decides where it is built, and builds it if that is here. */
export async function prepareBuild(
  plan: Plan,
  source: Source,
  nix: NixOptions,
  stages: Stages,
): Promise<Built> {
  const needed = plan.phases.includes("disko") || plan.phases.includes("install");
  if (!needed || source.kind === "none") return { on: "nowhere" };
  if (source.kind === "paths") return { on: "local", disko: source.disko, system: source.system };
  const { flake, diskoScript } = source;
  return await stages.run("build", async () => {
    const evaluation = await evaluate(flake, [diskoScript, "toplevel"], nix);
    const place = plan.build.on === "auto"
      ? await choosePlace(evaluation.system, nix)
      : { on: plan.build.on, why: "as --build-on says" };
    nix.report?.({
      type: "log",
      level: "info",
      text: `${place.on === "local" ? "building here" : "building on the target"}: ${place.why}`,
    });
    if (place.on === "remote") return { on: "remote", flake, diskoScript, evaluation } as const;
    const [disko, system] = await buildHere(evaluation.derivations, nix) as [StorePath, StorePath];
    return { on: "local", disko, system, evaluation } as const;
  });
}

/** Builds the configuration's test of itself, which installs it in a virtual machine; returns its output. */
export async function runVmTest(
  source: Source,
  nix: NixOptions,
  stages: Stages,
): Promise<StorePath> {
  if (source.kind !== "flake") throw new TypeError("a VM test needs a flake");
  return await stages.run("build", () => buildLogged(source.flake, "installTest", nix));
}
