/**
 * Telling when the stages of an install begin and end, how long each took, and what state the target is in: by whatever
 * does the work, a whole install or a script that calls the steps itself.
 *
 * @module
 */
import { delay } from "../async.ts";
import { CommandError, ConnectionError, InterruptedError } from "../errors.ts";
import type { Report, Stage } from "./events.ts";
import { type State, STATES, UPDATE_STATES, type UpdateState } from "./states.ts";

/** Milliseconds by stage; a stage that was not run is absent. */
export type StageTimes = { readonly [K in Stage]?: number };

const ALL = new WeakMap<Report, Stages>();

/** The stages of what is told to one reporter: of one machine, in one go. */
export class Stages {
  readonly #report: Report;
  readonly #times: { [K in Stage]?: number } = {};
  readonly #running = new Set<Stage>();
  /** What is known to have failed already: stages that end for it afterwards were only stopped. */
  readonly #known = new Set<unknown>();
  #state: State | UpdateState | undefined;

  private constructor(report: Report) {
    this.#report = report;
  }

  /** The stages that are told to `report`. */
  static of(report: Report): Stages {
    const stages = ALL.get(report) ?? new Stages(report);
    ALL.set(report, stages);
    return stages;
  }

  /** The times of all stages that have ended. */
  get times(): StageTimes {
    return { ...this.#times };
  }

  /** The state that was reached. */
  get state(): State | UpdateState | undefined {
    return this.#state;
  }

  /**
   * Runs `work` as a stage, or as a part of it where it runs already. `ended` is aborted with the failure that ends all
   * stages.
   */
  async run<T>(stage: Stage, work: () => Promise<T>, ended?: AbortSignal): Promise<T> {
    if (this.#running.has(stage)) return await work();
    const began = performance.now();
    this.#running.add(stage);
    this.#report({ type: "stage", stage, state: "start" });
    try {
      const result = await work();
      const ms = this.#times[stage] = performance.now() - began;
      this.#report({ type: "stage", stage, state: "done", ms });
      return result;
    } catch (error) {
      await hearInterrupt(error, ended);
      const state = this.#wasStopped(error, ended) ? "stopped" : "failed";
      this.blame(error);
      this.#report({ type: "stage", stage, state, ms: performance.now() - began });
      throw error;
    } finally {
      this.#running.delete(stage);
    }
  }

  /** Remembers a failure as another's: a stage that ends for it is stopped and has not failed. */
  blame(error: unknown): void {
    this.#known.add(error);
  }

  #wasStopped(error: unknown, ended: AbortSignal | undefined): boolean {
    if (error instanceof InterruptedError || this.#known.has(error)) return true;
    return ended?.aborted === true && ended.reason !== error;
  }

  /** Tells that a stage is not needed, and why. */
  skip(stage: Stage, detail: string): void {
    this.#report({ type: "stage", stage, state: "skipped", detail });
  }

  /** Tells what state the target is in from now on. */
  reach(state: State | UpdateState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#report({ type: "state", state, text: { ...STATES, ...UPDATE_STATES }[state] });
  }
}

/** Milliseconds in which a signal is heard that has ended a program of ours as well. */
const GRACE = 250;

/**
 * Waits for the end that a failure may come from: Ctrl-C on a terminal ends our programs too, and they may be seen to end
 * before the signal is heard of.
 */
async function hearInterrupt(error: unknown, ended: AbortSignal | undefined): Promise<void> {
  if (!ended || ended.aborted) return;
  if (error instanceof CommandError || error instanceof ConnectionError) {
    await delay(GRACE, ended).catch(() => {});
  }
}

/** What each stage is called where people read it. */
export const TITLES: Readonly<Record<Stage, string>> = {
  connect: "Connecting",
  facts: "Looking at the target",
  evaluate: "Evaluating the configuration",
  build: "Building the system",
  image: "Uploading the kexec image",
  kexec: "Booting the installer",
  hardware: "Looking at the hardware",
  disko: "Formatting the disks",
  install: "Installing",
  reboot: "Rebooting",
  copy: "Copying the system",
  activate: "Activating the system",
};

/** Whether the beginning and the end of a stage of this name are told. */
export function isReported(name: string): name is Stage {
  return Object.hasOwn(TITLES, name);
}
