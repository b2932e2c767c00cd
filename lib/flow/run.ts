/**
 * What all parts of one install share.
 *
 * @module
 */
import type { Scope } from "../deadline.ts";
import type { FoundDisk, PassphraseUse } from "../plan/disks.ts";
import type { Facts } from "../plan/facts.ts";
import type { PlanOptions } from "../plan/options.ts";
import type { Plan } from "../plan/plan.ts";
import type { Reporter } from "../report/events.ts";
import type { Stages } from "../report/stages.ts";
import type { Evaluated } from "./build.ts";
import type { State } from "../report/states.ts";

/** Everything a whole install takes; only `host` and one of `flake` and `storePaths` are needed. */
export type NixosAnywhereOptions = PlanOptions & InstallHooks;

/** What an install calls on its way, and what ends it. */
export interface InstallHooks {
  /** Asked once before anything on the target is changed; `false` stops the run. @default goes on */
  readonly confirm?: ((about: Confirmation) => Promise<boolean>) | undefined;
  /** Asked when sudo on the target wants a password. @default such a user cannot become root */
  readonly sudoPassword?: (() => Promise<string | undefined>) | undefined;
  /**
   * Asked when disko wants a passphrase that no file of the configuration holds, before anything is booted where that
   * is known by then. All that disko encrypts gets this one. @default such a configuration is refused
   */
  readonly diskPassphrase?:
    | ((about: PassphraseQuestion) => Promise<string | undefined>)
    | undefined;
  /** Hears of everything that happens. @default nobody */
  readonly report?: Reporter | undefined;
  /** Ends the install when aborted: nothing is left running here. */
  readonly signal?: AbortSignal | undefined;
}

/** What a passphrase is asked for. */
export interface PassphraseQuestion {
  /** The target as the user named it. */
  readonly host: string;
  /** What disko encrypts with it; none where only the script tells that it asks. */
  readonly uses: readonly PassphraseUse[];
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

/** One run. */
export interface Run {
  readonly plan: Plan;
  readonly options: NixosAnywhereOptions;
  readonly report: Reporter;
  readonly scope: Scope;
  /** Ends what was opened, in the order opposite to that. */
  readonly stack: AsyncDisposableStack;
  readonly stages: Stages;
  readonly say: (state: State) => void;
  /** Tells that the target is contacted; only the first time counts. */
  readonly contacts: () => void;
  /** Whether the image on the target is being booted; until then it is ours to remove. */
  boots: boolean;
}
