/**
 * The plan of an install, and of an update, as an event.
 *
 * @module
 */
import type { FoundDisk } from "../plan/disks.ts";
import type { Facts } from "../plan/facts.ts";
import type { HardwareConfig } from "../plan/options.ts";
import type { Phase } from "../plan/phases.ts";
import type { StorePath } from "../plan/store_path.ts";
import type { DeployAction } from "../plan/update_options.ts";

/** What is going to be done: as it was asked for, and then as it was held against the target. */
export interface PlanEvent {
  /** What tells it from other events. */
  readonly type: "plan";
  /** The version of all events: in one version fields and types are added, none goes or means something else. */
  readonly version: 1;
  /** The version of this package. */
  readonly tool: string;
  /** Whether the plan was held against the target. What is known only then is absent before. */
  readonly checked: boolean;
  /** Whether everything is only looked at. */
  readonly dryRun: boolean;
  /** Whether the checks of the target only warn. */
  readonly force: boolean;
  /** Whether the configuration is tested in a virtual machine here, and nothing is installed. */
  readonly vmTest: boolean;
  /** The phases to run, in their order. */
  readonly phases: readonly Phase[];
  /** What is installed; addresses without what may be a secret. */
  readonly source:
    | { readonly kind: "flake"; readonly flake: string; readonly diskoScript: string }
    | { readonly kind: "paths"; readonly disko: StorePath; readonly system: StorePath }
    | { readonly kind: "none" };
  /** The kexec image's file or address, without login and query; absent for the published one. */
  readonly image?: string;
  /** Where it is to be built, as it was asked for. */
  readonly buildOn: "auto" | "local" | "remote";
  /** The hardware configuration that is generated before the build. */
  readonly hardware?: HardwareConfig;
  /** The folder whose contents go to `/` of the new system. */
  readonly extraFiles?: string;
  /** Whether the machine's ssh host keys are kept. */
  readonly copyHostKeys: boolean;
  /** How the new system is to be started; absent where the reboot phase is left out. */
  readonly reboot?: "firmware" | "kexec";
  /** The store that closures are copied from; absent for this machine's. */
  readonly from?: string;
  /** What the target says of itself. */
  readonly facts?: Omit<Facts, "askpass" | "sudoScript">;
  /** Whether it will be booted into an installer first. */
  readonly kexec?: boolean;
  /** The disks that the configuration names; absent where that cannot be known. */
  readonly disks?: readonly FoundDisk[];
  /** What becomes of the disks that the disko script names, where only the script knows which of the facts' they are. */
  readonly diskFate?: FoundDisk["fate"];
  /** Where it is built, and why. */
  readonly build?: { readonly on: "local" | "remote"; readonly why: string };
  /** What would be built and copied, of a dry run; what cannot be known beforehand is absent. */
  readonly work?: {
    /** Derivations to build here. */
    readonly builds?: number;
    /** Store paths that are fetched to here from caches. */
    readonly fetches?: number;
    /** Bytes to download for that, as far as the caches tell; nix rounds them. */
    readonly downloadBytes?: number;
    /** Bytes that they have when they are unpacked. */
    readonly unpackedBytes?: number;
    /** What belongs to the disko script and the system, where all of it is built: at most this much is copied. */
    readonly closure?: {
      /** Store paths. */
      readonly paths: number;
      /** Bytes of their contents, before compression. */
      readonly bytes: number;
    };
    /** Bytes of the kexec image that is uploaded from here. */
    readonly imageBytes?: number;
    /** Bytes of the files that go into the new system besides. */
    readonly extraFilesBytes?: number;
  };
}

/** What an update is going to do: as it was asked for, and then as it was held against the target. */
export interface UpdatePlanEvent {
  /** What tells it from other events. */
  readonly type: "plan";
  /** The version of all events. */
  readonly version: 1;
  /** The version of this package. */
  readonly tool: string;
  /** What is done with the system: tells it from the plan of an install. */
  readonly action: DeployAction;
  /** Whether the plan was held against the target. What is known only then is absent before. */
  readonly checked: boolean;
  /** Whether the system is only tried out (`dry-activate`). */
  readonly dryRun: boolean;
  /** What is activated; addresses without what may be a secret. */
  readonly source:
    | { readonly kind: "flake"; readonly flake: string }
    | { readonly kind: "paths"; readonly system: StorePath };
  /** Where it is to be built, as it was asked for. */
  readonly buildOn: "auto" | "local" | "remote";
  /** Whether the machine goes back to the system before where it should. */
  readonly rollback: boolean;
  /** Whether units that fail are only a warning. */
  readonly ignoreFailedUnits: boolean;
  /** Whether the boot loader is installed anew. */
  readonly installBootloader: boolean;
  /** The store that the closure is copied from; absent for this machine's. */
  readonly from?: string;
  /** What the target says of itself. */
  readonly facts?: Omit<Facts, "askpass" | "sudoScript">;
  /** Where it is built, and why; absent where it is built already. */
  readonly build?: { readonly on: "local" | "remote"; readonly why: string };
}
