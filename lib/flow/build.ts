/**
 * What is to be installed, ready: evaluated and built here, or known to be built on the target.
 *
 * @module
 */
import type { Plan, Source } from "../plan/plan.ts";
import type { StorePath } from "../plan/store_path.ts";
import type { Stages } from "../report/stages.ts";
import { buildHere, buildLogged } from "../nix/build.ts";
import type { NixOptions } from "../nix/command.ts";
import { evaluate, type Evaluation } from "../nix/evaluate.ts";
import { choosePlace, type Place } from "../nix/place.ts";

/** A source whose configuration, if it is one, is evaluated. */
export type Evaluated =
  | {
    readonly kind: "flake";
    readonly evaluation: Evaluation;
    readonly place: Place;
  }
  | { readonly kind: "paths"; readonly disko: StorePath; readonly system: StorePath }
  | { readonly kind: "none" };

/** What is to be installed: paths that are in a store of ours, or derivations of it that are built there. */
export type Built =
  | { readonly on: "local"; readonly disko: StorePath; readonly system: StorePath }
  | { readonly on: "remote"; readonly disko: StorePath; readonly system: StorePath }
  /** No phase of the plan needs anything. */
  | { readonly on: "nowhere" };

/** Whether there is something to build: not for store paths, and not for phases that need no system. */
export function needsBuild(plan: Plan, source: Source): boolean {
  return source.kind === "flake" && needsSource(plan);
}

function needsSource({ phases }: Plan): boolean {
  return phases.includes("disko") || phases.includes("install");
}

/** Evaluates the source of a plan once, and decides where it is built. */
export async function evaluateSource(
  plan: Plan,
  source: Source,
  nix: NixOptions,
): Promise<Evaluated> {
  if (!needsSource(plan)) return { kind: "none" };
  if (source.kind !== "flake") return source;
  const { flake, diskoScript } = source;
  const evaluation = await evaluate(flake, [diskoScript, "toplevel"], nix);
  const place = plan.build.on === "auto"
    ? await choosePlace(evaluation.system, nix)
    : { on: plan.build.on, why: "as --build-on says" };
  const where = place.on === "local" ? "building here" : "building on the target";
  nix.report?.({ type: "log", level: "info", text: `${where}: ${place.why}` });
  return { kind: "flake", evaluation, place };
}

/** Builds what was evaluated, if it is built here. */
export async function buildEvaluated(evaluated: Evaluated, nix: NixOptions): Promise<Built> {
  if (evaluated.kind === "none") return { on: "nowhere" };
  if (evaluated.kind === "paths") {
    return { on: "local", disko: evaluated.disko, system: evaluated.system };
  }
  const { evaluation: { derivations }, place: { on } } = evaluated;
  const [disko, system] = (on === "remote" ? derivations : await buildHere(derivations, nix)) as [
    StorePath,
    StorePath,
  ];
  return { on, disko, system };
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
