/**
 * What the stages of an install make and hand to each other.
 *
 * @module
 */
import type { Evaluation } from "../nix/evaluate.ts";
import type { BuildLocation } from "../nix/build_location.ts";
import type { Facts } from "../plan/facts.ts";
import type { HardwareConfig, Setting } from "../plan/options.ts";
import type { Plan } from "../plan/plan.ts";
import type { StorePath } from "../plan/store_path.ts";
import type { Session } from "../ssh/session.ts";
import type { Formatted } from "../steps/disko.ts";
import type { RemoteKexec } from "../steps/kexec/upload.ts";
import type { Rebooted } from "../report/install_report.ts";
import type { Substituters } from "../steps/substituters.ts";
import type { Confirmation } from "./install_options.ts";

/** A source whose configuration, if it is one, is evaluated. */
export type Evaluated =
  | {
    readonly kind: "flake";
    readonly evaluation: Evaluation;
    readonly location: BuildLocation;
    /** The flake's own settings, as far as they are trusted. */
    readonly settings: readonly Setting[];
  }
  | { readonly kind: "paths"; readonly disko: StorePath; readonly system: StorePath }
  | { readonly kind: "none" };

/** What is to be installed, as far as the phases need it: each built, or a derivation to build on the target. */
export interface Parts {
  /** The disko script. */
  readonly disko?: StorePath | undefined;
  /** The NixOS system. */
  readonly system?: StorePath | undefined;
}

/** What is to be installed: paths that are in a store of ours, or derivations of it that are built there. */
export type Built =
  | (Parts & { readonly on: "local" })
  | (Parts & { readonly on: "remote"; readonly settings: readonly Setting[] })
  /** No phase of the plan needs anything. */
  | { readonly on: "nowhere" };

/** All that the stages of an install make; each is made by one of them. */
export interface Made {
  /** The login on the target as it was found; disposed of when the installer is there. */
  readonly target: Session;
  /** What the target says of itself. */
  readonly facts: Facts;
  /** What is installed, evaluated. */
  readonly evaluated: Evaluated;
  /** What is installed, built. */
  readonly built: Built;
  /** What was shown and, where somebody is asked, confirmed. */
  readonly confirmation: Confirmation;
  /** The image on the target; none where it runs an installer already. */
  readonly image: RemoteKexec | undefined;
  /** Root's login on the installer. */
  readonly installer: Session;
  /** The hardware configuration that was written; none where none was asked for. */
  readonly hardware: HardwareConfig | undefined;
  /** What the disko script has left; none where it was not run. */
  readonly formatted: Formatted | undefined;
  /** The system that was installed; none where the phase was left out. */
  readonly system: StorePath | undefined;
  /** What was seen of the installed system; none where the phase was left out. */
  readonly rebooted: Rebooted | undefined;
}

/** The substituters that the installer shall use, if there are any. */
export function substitutersOf(
  { copy }: Plan,
  evaluated: Evaluated | undefined,
): Substituters | undefined {
  return copy.machineSubstituters && evaluated?.kind === "flake" ? evaluated.evaluation : undefined;
}
