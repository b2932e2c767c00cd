/**
 * What a whole install takes from whoever calls it.
 *
 * @module
 */
import type { FoundDisk } from "../plan/disks.ts";
import type { DiskLayout } from "../nix/disk_layout.ts";
import type { Facts } from "../plan/facts.ts";
import type { PlanOptions } from "../plan/options.ts";
import type { Plan } from "../plan/plan.ts";
import type { Reporter } from "../report/events.ts";
import type { Evaluated } from "./made.ts";
import type { AfterStages, StageFunctions } from "./stage.ts";

/** Everything a whole install takes; only `host` and one of `flake` and `storePaths` are needed. */
export type NixosAnywhereOptions = PlanOptions & InstallHooks;

/** What an install calls on its way, and what ends it. */
export interface InstallHooks {
  /** Asked once before anything on the target is changed; `false` stops the run. Default: goes on */
  readonly confirm?: ((about: Confirmation) => Promise<boolean>) | undefined;
  /** Asked when sudo on the target wants a password. Default: such a user cannot become root */
  readonly sudoPassword?: (() => Promise<string | undefined>) | undefined;
  /**
   * Asked when disko wants a passphrase that no file of the configuration holds, before anything is booted where that
   * is known by then. All that disko encrypts gets this one. Default: such a configuration is refused
   */
  readonly diskPassphrase?:
    | ((about: PassphraseQuestion) => Promise<string | undefined>)
    | undefined;
  /** Stages that are done another way: each gets what the one that it replaces takes. Default: none */
  readonly stages?:
    | { readonly [N in keyof StageFunctions]?: StageFunctions[N] | undefined }
    | undefined;
  /** What is done after a stage and before all that need what it made. Default: nothing */
  readonly after?: AfterStages | undefined;
  /** Hears of everything that happens. Default: nobody */
  readonly report?: Reporter | undefined;
  /** Ends the install when aborted: nothing is left running here. */
  readonly signal?: AbortSignal | undefined;
}

/** What a passphrase is asked for. */
export interface PassphraseQuestion {
  /** The target as the user named it. */
  readonly host: string;
  /** What disko encrypts with it; none where only the script tells that it asks. */
  readonly uses: DiskLayout["passphrases"];
  /** How many characters it must have at least. */
  readonly atLeast: number;
}

/** What is about to be done to a target. */
export interface Confirmation {
  /** The target as the user named it. */
  readonly host: string;
  /** What is going to be done. */
  readonly plan: Plan;
  /** What the target says of itself. */
  readonly facts: Facts;
  /** Whether it will be booted into an installer first. */
  readonly kexec: boolean;
  /** The disks that the configuration names, each a line: what becomes of it, model, serial, size, contents. */
  readonly disks: readonly string[];
  /** The same as data; none where the configuration's disks cannot be known. */
  readonly foundDisks: readonly FoundDisk[];
  /** What was evaluated; absent where that needs the installer. */
  readonly evaluated: Evaluated | undefined;
}
