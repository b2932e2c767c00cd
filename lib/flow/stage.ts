/**
 * What a stage of an install is.
 *
 * @module
 */
import type { Plan } from "../plan/plan.ts";
import type { Report } from "../report/events.ts";
import type { State } from "../report/states.ts";
import type { Job } from "./job.ts";
import type { Made } from "./made.ts";

/** What every stage may use, besides what it takes from others. */
export interface StageContext {
  /** What is to be done. */
  readonly plan: Plan;
  /** Tells what happens. */
  readonly report: Report;
  /** Aborted when another stage has failed, or from outside. */
  readonly signal: AbortSignal;
}

/** What a stage is given: what it takes always, and what it takes in some installs. */
export type Takes<K extends keyof Made, MayTake extends keyof Made = never> =
  & StageContext
  & Pick<Made, K>
  & Partial<Pick<Made, MayTake>>;

/** Every stage as a function: what it takes from which others, and what it makes. */
export interface StageFunctions {
  /** Logs in to the target. */
  connect(given: Takes<never>): Promise<Made["target"]>;
  /** Learns what the target is, and refuses what cannot be installed. */
  facts(given: Takes<"target">): Promise<Made["facts"]>;
  /** Evaluates the configuration; after the hardware was looked at, where that is asked for. */
  evaluate(given: Takes<never, "installer" | "facts" | "hardware">): Promise<Made["evaluated"]>;
  /** Builds what was evaluated, if it is built here. */
  build(given: Takes<"evaluated">): Promise<Made["built"]>;
  /** Holds what was evaluated against the target, shows the plan, and asks. */
  check(given: Takes<"target" | "facts", "evaluated">): Promise<Made["confirmation"]>;
  /** Brings the kexec image to the target. */
  image(given: Takes<"target" | "facts", "confirmation">): Promise<Made["image"]>;
  /** Boots the installer, or becomes root in one that runs. */
  kexec(
    given: Takes<"target" | "facts" | "image" | "confirmation", "evaluated" | "built">,
  ): Promise<Made["installer"]>;
  /** Writes the target's hardware configuration to a file here. */
  hardware(given: Takes<"installer">): Promise<Made["hardware"]>;
  /** Formats and mounts the disks. */
  disko(given: Takes<"installer" | "built" | "image">): Promise<Made["formatted"] | void>;
  /** Copies the system and installs it. */
  install(
    given: Takes<"installer" | "built" | "image" | "formatted">,
  ): Promise<Made["system"]>;
  /** Reboots into the installed system. */
  reboot(given: Takes<"target" | "installer" | "system">): Promise<Made["rebooted"]>;
}

/** The stages of an install. */
export type StageName = keyof StageFunctions;

/** What a stage makes, by its name. */
export type MadeBy = {
  readonly connect: "target";
  readonly facts: "facts";
  readonly evaluate: "evaluated";
  readonly build: "built";
  readonly check: "confirmation";
  readonly image: "image";
  readonly kexec: "installer";
  readonly hardware: "hardware";
  readonly disko: "formatted";
  readonly install: "system";
  readonly reboot: "rebooted";
};

/** What a stage is given. */
export type Given<N extends StageName> = Parameters<StageFunctions[N]>[0];

/** What is done after a stage: it is given what the stage took, and what it made. */
export type AfterStages = {
  readonly [N in keyof StageFunctions]?:
    | ((given: Parameters<StageFunctions[N]>[0] & Pick<Made, MadeBy[N]>) => Promise<void>)
    | undefined;
};

/** Whether something is the case in an install. */
export type Condition = (job: Job) => boolean;

/** One row of the table of stages. */
export interface Stage<N extends StageName = StageName> {
  readonly name: N;
  readonly makes: MadeBy[N];
  /** What it takes from other stages, each in what installs. What may overlap follows from that, and from nothing else. */
  readonly takes: { readonly [K in Exclude<keyof Given<N>, keyof StageContext>]-?: Condition };
  /** What state the target is in while the stage changes it, and when it has. */
  readonly states?: { readonly during: State; readonly after: State };
  /** Where it is left out, it makes nothing. Default: always needed */
  readonly needed?: Condition;
  readonly run: (given: Given<N>, job: Job) => Promise<Made[MadeBy[N]]>;
}

/** Taken in every install. */
export const always: Condition = () => true;
/** Taken in installs that generate a hardware configuration: the configuration is evaluated after that. */
export const withHardware: Condition = ({ plan }) => plan.build.hardware !== undefined;
/** Taken in all others. */
export const withoutHardware: Condition = (job) => !withHardware(job);
