/**
 * Telling when the stages of a run begin and end, and how long each took.
 *
 * @module
 */
import { InterruptedError } from "../errors.ts";
import type { Reporter, Stage } from "./events.ts";

/** Milliseconds by stage; a stage that was not run is absent. */
export type StageTimes = { readonly [K in Stage]?: number };

/** Reports stages and keeps their times. */
export class Stages {
  readonly #report: Reporter;
  readonly #times: { [K in Stage]?: number } = {};
  readonly #ended: AbortSignal | undefined;
  /** What is known to have failed already: stages that end for it afterwards were only stopped. */
  readonly #known = new Set<unknown>();

  /** Makes one that tells `report`; `ended` is aborted with the failure that ends all of them. */
  constructor(report: Reporter, ended?: AbortSignal) {
    this.#report = report;
    this.#ended = ended;
  }

  /** The times of all stages that have ended. */
  get times(): StageTimes {
    return { ...this.#times };
  }

  /** Runs `work` as a stage. */
  async run<T>(stage: Stage, work: () => Promise<T>): Promise<T> {
    const began = performance.now();
    this.#report({ type: "stage", stage, state: "start" });
    try {
      const result = await work();
      const ms = this.#times[stage] = performance.now() - began;
      this.#report({ type: "stage", stage, state: "done", ms });
      return result;
    } catch (error) {
      const state = this.#wasStopped(error) ? "stopped" : "failed";
      this.blame(error);
      this.#report({ type: "stage", stage, state, ms: performance.now() - began });
      throw error;
    }
  }

  /** Remembers a failure as another's: a stage that ends for it is stopped and has not failed. */
  blame(error: unknown): void {
    this.#known.add(error);
  }

  #wasStopped(error: unknown): boolean {
    if (error instanceof InterruptedError || this.#known.has(error)) return true;
    return this.#ended?.aborted === true && this.#ended.reason !== error;
  }

  /** Tells that a stage is not needed, and why. */
  skip(stage: Stage, detail: string): void {
    this.#report({ type: "stage", stage, state: "skipped", detail });
  }
}
