/**
 * What is to be installed, ready: evaluated and built here, or known to be built on the target.
 *
 * @module
 */
import type { Plan, Source } from "../plan/plan.ts";
import type { StorePath } from "../plan/store_path.ts";
import type { Stages } from "../report/stages.ts";
import { buildHere, buildLogged } from "../nix/build.ts";
import type { NixOptions, NixSetting } from "../nix/command.ts";
import { checkConfiguration } from "../nix/configurations.ts";
import { evaluate, type Evaluation } from "../nix/evaluate.ts";
import { choosePlace, type Place } from "../nix/place.ts";
import { cacheSettings, flakeSettings, nixConfig } from "../nix/settings.ts";
import { neededParts } from "../plan/phases.ts";

/** A source whose configuration, if it is one, is evaluated. */
export type Evaluated =
  | {
    readonly kind: "flake";
    readonly evaluation: Evaluation;
    readonly place: Place;
    /** The flake's own settings, as far as they are trusted. */
    readonly settings: readonly NixSetting[];
  }
  | { readonly kind: "paths"; readonly disko: StorePath; readonly system: StorePath }
  | { readonly kind: "none" };

/** What is to be installed, as far as the phases need it: each built, or a derivation to build on the target. */
export interface Parts {
  readonly disko?: StorePath | undefined;
  readonly system?: StorePath | undefined;
}

/** What is to be installed: paths that are in a store of ours, or derivations of it that are built there. */
export type Built =
  | (Parts & { readonly on: "local" })
  | (Parts & { readonly on: "remote"; readonly settings: readonly NixSetting[] })
  /** No phase of the plan needs anything. */
  | { readonly on: "nowhere" };

/** Whether there is something to build: not for store paths, and not for phases that need no system. */
export function needsBuild(plan: Plan, source: Source): boolean {
  return source.kind === "flake" && neededParts(plan).length > 0;
}

/** Checks that the configuration that is to be installed or tested is there, before anything is contacted. */
export async function checkSource(plan: Plan, source: Source, nix: NixOptions): Promise<void> {
  if (source.kind !== "flake" || (!plan.build.vmTest && !needsBuild(plan, source))) return;
  await checkConfiguration(source.flake, nix, plan.build.hardware?.path);
}

/** Evaluates what the phases of a plan need of its source, once, and decides where it is built. */
export async function evaluateSource(
  plan: Plan,
  source: Source,
  nix: NixOptions,
): Promise<Evaluated> {
  const parts = neededParts(plan);
  if (parts.length === 0) return { kind: "none" };
  if (source.kind !== "flake") return source;
  const { flake, diskoScript } = source;
  const attributes = parts.map((part) => part === "disko" ? diskoScript : "toplevel");
  const asked = nixConfig(nix);
  asked.catch(() => {}); // heard of below
  const evaluation = await evaluate(flake, attributes, nix);
  const place = plan.build.on === "auto"
    ? await choosePlace(evaluation.buildSystem, nix, asked)
    : { on: plan.build.on, why: "as --build-on says" };
  const where = place.on === "local" ? "building here" : "building on the target";
  nix.report?.({ type: "log", level: "info", text: `${where}: ${place.why}` });
  // Only who builds needs them.
  const settings = plan.dryRun ? [] : await flakeSettings(flake, await asked, nix);
  return { kind: "flake", evaluation, place, settings };
}

/** Builds what was evaluated, if it is built here; nothing collects it as long as `stack` is open. */
export async function buildEvaluated(
  plan: Plan,
  evaluated: Evaluated,
  nix: NixOptions,
  stack: AsyncDisposableStack,
): Promise<Built> {
  if (evaluated.kind === "none") return { on: "nowhere" };
  if (evaluated.kind === "paths") {
    return { on: "local", disko: evaluated.disko, system: evaluated.system };
  }
  const { evaluation: { derivations }, place: { on }, settings } = evaluated;
  const name = (paths: readonly string[]): Parts =>
    Object.fromEntries(neededParts(plan).map((part, at) => [part, paths[at]]));
  if (on === "remote") return { on, ...name(derivations), settings: cacheSettings(settings) };
  const roots = await Deno.makeTempDir({ prefix: "nixos-anywhere-" });
  stack.defer(() => Deno.remove(roots, { recursive: true }).catch(() => {}));
  const all = { ...nix, roots, settings: [...nix.settings ?? [], ...settings] };
  return { on, ...name(await buildHere(derivations, all)) };
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
