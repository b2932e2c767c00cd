/**
 * Shows a run on a terminal: a line for each stage that has ended, and below them what runs, painted anew.
 *
 * @module
 */
import { escapeControls } from "../escape.ts";
import { Asking } from "./asking.ts";
import { endedLine, liveLines, styled, TAIL } from "./live_lines.ts";
import { type Canvas, Painter } from "./painter.ts";
import { plainLine } from "./plain.ts";
import { type Rendered, type Screen, Seen, shownLine } from "./renderer.ts";
import { RunModel } from "./run_model.ts";
import { OutputFilter } from "./trace.ts";

/** How a run is shown; everything has a default. */
export interface LiveViewOptions {
  /** Whether commands, debug lines and all output stay. Default: false */
  readonly debug?: boolean | undefined;
  /** Whether the output of nix stays. Default: false */
  readonly buildLogs?: boolean | undefined;
  /** Whether there are colours. Default: false */
  readonly color?: boolean | undefined;
  /** The clock, in milliseconds. Default: that of `performance` */
  readonly clock?: (() => number) | undefined;
  /** How often it is painted, in milliseconds; 0 only by {@linkcode LiveView.paint}. Default: 200 */
  readonly every?: number | undefined;
}

/** Lines that wait to be shown; of more the oldest are left out. */
const MOST_WAITING = 5000;

/** The live view. Disposal takes it away and leaves the lines that stay. */
export class LiveView implements Screen {
  readonly #options: LiveViewOptions;
  readonly #painter: Painter;
  readonly #canvas: Canvas;
  readonly #clock: () => number;
  readonly #began: number;
  readonly #model = new RunModel();
  readonly #filter: OutputFilter;
  readonly #seen = new Seen();
  readonly #asking: Asking;
  readonly #timer: ReturnType<typeof setInterval> | undefined;
  #stay: string[] = [];
  #leftOut = 0;
  #tail: string[] = [];
  #host = "";
  #over = false;

  /** Shows a run on a terminal. */
  constructor(canvas: Canvas, options: LiveViewOptions = {}) {
    const { clock = () => performance.now(), every = 200, debug } = options;
    this.#options = options;
    this.#canvas = canvas;
    this.#painter = new Painter(canvas);
    this.#clock = clock;
    this.#began = clock();
    this.#filter = new OutputFilter(debug);
    this.#asking = new Asking(
      (held) => this.#onAsking(held),
      (text) => canvas.write(`${escapeControls(`${this.#host}: ${text}`)}\n`),
    );
    this.#timer = every > 0 ? setInterval(() => this.paint(), every) : undefined;
    if (this.#timer !== undefined) Deno.unrefTimer(this.#timer);
  }

  /** How often something was written. */
  get writes(): number {
    return this.#painter.writes;
  }

  /** Shows an event. */
  readonly report = (event: Rendered): void => {
    const now = this.#clock();
    if (event.host !== undefined && event.host !== "here") this.#host = escapeControls(event.host);
    this.#model.add(event, now);
    this.#keep(event);
    this.#asking.hear(event);
  };

  /** The last lines of a failed command's output that do not stay. */
  unseen(output: string): string[] {
    return this.#seen.rest(output);
  }

  /** Holds everything back until disposal: somebody is asked on the terminal. */
  hold(): Disposable {
    return this.#asking.hold();
  }

  /** Paints what has changed. */
  paint(): void {
    if (this.#asking.held || this.#over) return;
    const now = this.#clock();
    const { columns, rows } = this.#canvas.size();
    const running = this.#model.running(now);
    const { color } = this.#options;
    const options = { now, began: this.#began, host: this.#host, columns, rows, color };
    this.#painter.paint(this.#takeStay(), liveLines(running, { ...options, tail: this.#tail }));
  }

  [Symbol.dispose](): void {
    if (this.#over) return;
    clearInterval(this.#timer);
    this.#over = true;
    this.#painter.paint(this.#takeStay(), []);
  }

  #onAsking(held: boolean): void {
    if (this.#over) return;
    if (held) this.#painter.paint(this.#takeStay(), []);
    else this.paint();
  }

  #takeStay(): string[] {
    const lines = this.#leftOut > 0
      ? [`(${this.#leftOut} lines left out)`, ...this.#stay]
      : this.#stay;
    this.#stay = [];
    this.#leftOut = 0;
    return lines;
  }

  /** What stays of an event, and what is shown until something newer comes. */
  #keep(event: Rendered): void {
    const { debug = false, color, buildLogs = false } = this.#options;
    if (event.type === "output") {
      const text = this.#filter.shown(event);
      if (text === undefined) return;
      const line = `${event.source} | ${text}`;
      const stays = debug ||
        event.source === "nix" && (buildLogs || /^(evaluation )?warning:|^trace:/.test(text));
      if (!stays) return this.#show(line);
      this.#seen.add(text);
      return this.#add(line);
    }
    if (event.type === "activity") {
      if (event.line !== undefined && !buildLogs) this.#show(`nix | ${shownLine(event.line)}`);
      return;
    }
    if (event.type === "stage") {
      if (event.state === "start") return;
      // What it printed is over with it.
      this.#tail = [];
      return this.#add(endedLine(event, this.#canvas.size().columns, color));
    }
    const line = plainLine(event, { debug });
    if (line === undefined) return;
    const warns = event.type === "log" && event.level === "warning";
    this.#add(warns ? styled(line, "yellow", color) : line);
  }

  #add(line: string): void {
    this.#stay.push(line);
    if (this.#stay.length <= MOST_WAITING) return;
    this.#stay.shift();
    this.#leftOut++;
  }

  #show(line: string): void {
    if (this.#tail.at(-1) === line) return;
    this.#tail.push(line);
    if (this.#tail.length > TAIL) this.#tail.shift();
  }
}
