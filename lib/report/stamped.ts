/**
 * Shows a run where nothing can be painted: lines with the time since the beginning, and a sign of life when none comes.
 *
 * @module
 */
import { showClock, showTime } from "./amounts.ts";
import { Asking } from "./asking.ts";
import { details } from "./live_lines.ts";
import { type PlainOptions, PlainRenderer } from "./plain.ts";
import type { Rendered, Screen } from "./renderer.ts";
import { RunModel } from "./run_model.ts";
import { TITLES } from "./stages.ts";

/** How lines are shown; everything has a default. */
export interface StampedOptions extends PlainOptions {
  /** Whether the lines go to the terminal that questions are asked on. Default: false */
  readonly terminal?: boolean | undefined;
  /** The clock, in milliseconds. Default: that of `performance` */
  readonly clock?: (() => number) | undefined;
  /** How often it is looked whether a sign of life is due, in milliseconds; 0: never. Default: 500 */
  readonly every?: number | undefined;
}

/** Milliseconds without a line until one tells what runs. */
const SILENCE = 12_000;

/** Lines that are held back while somebody is asked; of more the oldest are left out. */
const MOST_WAITING = 5000;

/** Writes stamped lines. Disposal ends the signs of life. */
export class StampedLines implements Screen {
  readonly #write: (line: string) => void;
  readonly #plain: PlainRenderer;
  readonly #terminal: boolean;
  readonly #clock: () => number;
  readonly #began: number;
  readonly #model = new RunModel();
  readonly #asking: Asking;
  readonly #timer: ReturnType<typeof setInterval> | undefined;
  #waiting: string[] = [];
  #last: number;

  /** Hands `write` one line at a time, without its line feed. */
  constructor(write: (line: string) => void, options: StampedOptions = {}) {
    const { terminal = false, clock = () => performance.now(), every = 500 } = options;
    this.#write = write;
    this.#plain = new PlainRenderer((line) => this.#add(line), options);
    this.#terminal = terminal;
    this.#clock = clock;
    this.#began = this.#last = clock();
    this.#asking = new Asking((held) => {
      if (!held) { for (const line of this.#waiting.splice(0)) this.#write(line); }
    }, (text) => this.#write(this.#stamped(text)));
    this.#timer = every > 0 ? setInterval(() => this.beat(), every) : undefined;
    if (this.#timer !== undefined) Deno.unrefTimer(this.#timer);
  }

  /** Shows an event. */
  readonly report = (event: Rendered): void => {
    this.#model.add(event, this.#clock());
    this.#plain.report(event);
    if (this.#terminal) this.#asking.hear(event);
  };

  /** The last lines of a failed command's output that were not shown. */
  unseen(output: string): string[] {
    return this.#plain.unseen(output);
  }

  /** Holds everything back until disposal: somebody is asked on the terminal. */
  hold(): Disposable {
    return this.#asking.hold();
  }

  /** Tells what runs, if nothing was told for a while. */
  beat(): void {
    const now = this.#clock();
    if (now - this.#last < SILENCE || this.#asking.held) return;
    const running = this.#model.running(now).map((one) => {
      const head = `${TITLES[one.stage]}, ${showTime(now - one.began)}`;
      return [head, ...details(one)].join(", ");
    });
    this.#add(running.length > 0 ? `running: ${running.join("; ")}` : "running");
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    for (const line of this.#waiting.splice(0)) this.#write(line);
  }

  #add(line: string): void {
    this.#last = this.#clock();
    const stamped = this.#stamped(line);
    if (!this.#asking.held) return this.#write(stamped);
    this.#waiting.push(stamped);
    if (this.#waiting.length > MOST_WAITING) this.#waiting.shift();
  }

  #stamped(line: string): string {
    return `[${showClock(this.#clock() - this.#began)}] ${line}`;
  }
}
