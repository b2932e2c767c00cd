/**
 * Telling when the stages of a run begin and end, and how long each took.
 *
 * @module
 */
import type { Reporter, Stage } from "./events.ts";

/** Milliseconds by stage; a stage that was not run is absent. */
export type StageTimes = { readonly [K in Stage]?: number };

/** Reports stages and keeps their times. */
export class Stages {
  readonly #report: Reporter;
  readonly #times: { [K in Stage]?: number } = {};

  /** Makes one that tells `report`. */
  constructor(report: Reporter) {
    this.#report = report;
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
      this.#report({ type: "stage", stage, state: "failed", ms: performance.now() - began });
      throw error;
    }
  }

  /** Tells that a stage is not needed, and why. */
  skip(stage: Stage, detail: string): void {
    this.#report({ type: "stage", stage, state: "skipped", detail });
  }
}
