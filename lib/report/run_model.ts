/**
 * What runs at a point of an install, made of its events: pure, with the clock of whoever asks.
 *
 * @module
 */
import type { Count, ReportEvent, Stage, Transfer } from "./events.ts";
import type { Rendered } from "./renderer.ts";

/** A transfer that goes on. */
export interface Moving {
  readonly what: Transfer;
  readonly done: number;
  readonly total: number | undefined;
  readonly paths: Count | undefined;
  /** Bytes a second over the last seconds; none until that is known. */
  readonly rate: number | undefined;
}

type Activity = Extract<ReportEvent, { type: "activity" }>;

/** A stage that runs. */
export interface Running {
  readonly stage: Stage;
  /** When it began, on the clock that the events came with. */
  readonly began: number;
  readonly moving: readonly Moving[];
  /** What nix is at, on each machine. */
  readonly activities: readonly Activity[];
  /** What is known of what it waits for. */
  readonly waiting: string | undefined;
}

/** Milliseconds that a rate is taken over. */
const WINDOW = 5000;

/** Milliseconds after which a stage is over whose end nobody tells. */
const FORGOTTEN = 15_000;

class Meter {
  readonly #samples: (readonly [at: number, done: number])[] = [];
  last: Extract<ReportEvent, { type: "progress" }>;

  constructor(event: Extract<ReportEvent, { type: "progress" }>, now: number) {
    this.last = event;
    this.#samples.push([now, event.done]);
  }

  take(event: Extract<ReportEvent, { type: "progress" }>, now: number): void {
    // What begins anew, as after a lost connection, has no rate yet.
    if (event.done < this.last.done) this.#samples.length = 0;
    this.last = event;
    const before = this.#samples.at(-2);
    // Ten samples a second would tell no more than four.
    if (before && now - before[0] < 250) this.#samples.pop();
    this.#samples.push([now, event.done]);
    while (this.#samples.length > 2 && now - this.#samples[1]![0] >= WINDOW) this.#samples.shift();
  }

  /** The rate now: of what stands still it falls. */
  rate(now: number): number | undefined {
    const [first] = this.#samples;
    if (!first || now - first[0] < 1000) return undefined;
    return 1000 * (this.last.done - first[1]) / (now - first[0]);
  }

  show(now: number): Moving {
    const { what, done, total, paths } = this.last;
    return { what, done, total, paths, rate: this.rate(now) };
  }
}

interface StageState {
  readonly stage: Stage;
  readonly began: number;
  /** When something was heard of it, if nobody has told its beginning: nobody will tell its end. */
  heard: number | undefined;
  readonly meters: Map<Transfer, Meter>;
  readonly activities: Map<string, Activity>;
  waiting: string | undefined;
}

/** Follows the events of a run. */
export class RunModel {
  readonly #stages = new Map<Stage, StageState>();
  /** The most that each transfer has moved, in bytes. */
  readonly #moved = new Map<Transfer, number>();

  /** Takes an event that came at `now`, in milliseconds. */
  add(event: Rendered, now: number): void {
    switch (event.type) {
      case "stage":
        if (event.state === "start") this.#at(event.stage, now).heard = undefined;
        else this.#stages.delete(event.stage);
        return;
      case "progress": {
        const { meters } = this.#at(event.stage, now);
        const meter = meters.get(event.what);
        if (meter) meter.take(event as Meter["last"], now);
        else meters.set(event.what, new Meter(event as Meter["last"], now));
        this.#moved.set(event.what, Math.max(event.done, this.#moved.get(event.what) ?? 0));
        return;
      }
      case "activity":
        this.#at(event.stage, now).activities.set(event.where, event as Activity);
        return;
      case "waiting": {
        const state = this.#at(event.stage, now);
        state.waiting = event.text === "" ? undefined : event.text;
        const rest = state.meters.size + state.activities.size;
        if (event.text === "" && state.heard !== undefined && rest === 0) {
          this.#stages.delete(event.stage);
        }
      }
    }
  }

  /** What runs, in the order in which it began. */
  running(now: number): Running[] {
    for (const { stage, heard = Infinity } of this.#stages.values()) {
      if (now - heard > FORGOTTEN) this.#stages.delete(stage);
    }
    return [...this.#stages.values()].map(({ stage, began, meters, activities, waiting }) => ({
      ...{ stage, began, waiting },
      moving: [...meters.values()].map((meter) => meter.show(now)),
      activities: [...activities.values()],
    }));
  }

  /** Bytes that have moved, of each kind. */
  get moved(): ReadonlyMap<Transfer, number> {
    return this.#moved;
  }

  /** A stage that nobody has told the beginning of runs from the first that is heard of it. */
  #at(stage: Stage, now: number): StageState {
    const known = this.#stages.get(stage);
    if (known) {
      if (known.heard !== undefined) known.heard = now;
      return known;
    }
    const state: StageState = {
      ...{ stage, began: now, heard: now, waiting: undefined },
      meters: new Map(),
      activities: new Map(),
    };
    this.#stages.set(stage, state);
    return state;
  }
}
