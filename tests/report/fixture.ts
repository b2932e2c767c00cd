/** Events at times, on a terminal that is not there. */
import { LiveView, type LiveViewOptions } from "../../lib/report/live.ts";
import type { Rendered } from "../../lib/report/renderer.ts";
import { Emulator } from "../support/terminal/emulator.ts";

/** A view on a terminal of some size, with a clock that is set by hand. */
export class Stage {
  readonly terminal: Emulator;
  readonly view: LiveView;
  now = 0;
  rows: number;
  columns: number;

  constructor(columns: number, rows = 24, options: LiveViewOptions = {}) {
    this.columns = columns;
    this.rows = rows;
    this.terminal = new Emulator(columns);
    this.view = new LiveView({
      write: (text) => this.terminal.write(text),
      size: () => ({ columns: this.columns, rows: this.rows }),
    }, { every: 0, clock: () => this.now, ...options });
  }

  /** Reports at a time in seconds. */
  at(seconds: number, ...events: Rendered[]): this {
    this.now = 1000 * seconds;
    for (const event of events) this.view.report({ host: "root@web", ...event } as Rendered);
    return this;
  }

  /** Paints at a time and returns what the terminal shows. */
  shown(seconds: number): string {
    this.now = 1000 * seconds;
    this.view.paint();
    return `\n${this.terminal.text}\n`;
  }
}

/** A part of an install. */
export function install(stage: Stage): Stage {
  const progress = (what: "image" | "closure", done: number, total: number): Rendered => ({
    ...{ type: "progress", stage: what === "image" ? "image" : "install", what, done, total },
    ...(what === "closure" && { paths: { done: Math.floor(300 * done / total), total: 300 } }),
  });
  return stage
    .at(0, { type: "stage", stage: "connect", state: "start" })
    .at(1.25, { type: "stage", stage: "connect", state: "done", ms: 1250 })
    .at(1.3, { type: "log", level: "info", text: 'WILL BE WIPED: /dev/sda: 512 GB; ext4 "data"' })
    .at(1.4, { type: "stage", stage: "build", state: "start" })
    .at(1.4, { type: "stage", stage: "image", state: "start" })
    .at(2, progress("image", 1e6, 330e6))
    .at(4, progress("image", 60e6, 330e6))
    .at(6, progress("image", 120e6, 330e6))
    .at(6, {
      ...{ type: "activity", stage: "build", where: "here" },
      builds: { done: 3, running: 2, total: 41 },
      fetched: { done: 12.3e6, total: 80e6 },
      names: ["linux-6.12.1", "glibc-2.40"],
      line: "  CC      kernel/sched/core.o",
    });
}
