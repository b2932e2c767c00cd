/**
 * Which way a run is shown: painted anew on a terminal that can do that, else line by line.
 *
 * @module
 */
import { LiveView } from "../report/live.ts";
import { PlainRenderer } from "../report/plain.ts";
import type { Rendered, Renderer, Screen } from "../report/renderer.ts";
import { StampedLines } from "../report/stamped.ts";

/** What a run is shown on. */
export interface Output {
  /** Writes to the error output, at once and whole. */
  readonly write: (text: string) => void;
  /** Whether it is a terminal. */
  readonly isTerminal: boolean;
  /** The terminal's size now; throws where it has none. */
  readonly size: () => { readonly columns: number; readonly rows: number };
}

/** What the user wants to see. */
export interface Wanted {
  readonly debug: boolean;
  readonly quiet: boolean;
  readonly buildLogs: boolean;
}

/** Opens what a run is shown on. */
export function openScreen(output: Output, { debug, quiet, buildLogs }: Wanted): Screen {
  const line = (text: string) => output.write(`${text}\n`);
  if (quiet) return new QuietLines(line);
  const { isTerminal } = output;
  const color = isTerminal && !variable("NO_COLOR");
  if (!isTerminal || !canPaint()) {
    return new StampedLines(line, { debug, color, terminal: isTerminal });
  }
  const size = () => {
    try {
      const { columns, rows } = output.size();
      // Some say 0 where they do not know.
      return { columns: columns || 80, rows: rows || 24 };
    } catch {
      return { columns: 80, rows: 24 };
    }
  };
  return new LiveView({ write: output.write, size }, { debug, buildLogs, color });
}

/** Warnings alone, and the plan where somebody is asked. */
class QuietLines implements Screen {
  #plan: Rendered[] | undefined;
  readonly #plain: PlainRenderer;

  constructor(write: (line: string) => void) {
    this.#plain = new PlainRenderer(write);
  }

  readonly report = (event: Rendered): void => {
    if (event.type === "plan") this.#plan = [];
    if (event.type !== "log") return;
    if (event.level === "warning") this.#plain.report(event);
    else if (event.level === "info") this.#plan?.push(event);
  };

  unseen(output: string): string[] {
    return this.#plain.unseen(output);
  }

  hold(): Disposable {
    // Nobody can answer without having seen it.
    for (const event of this.#plan?.splice(0) ?? []) this.#plain.report(event);
    this.#plan = undefined;
    return { [Symbol.dispose]: () => {} };
  }

  [Symbol.dispose](): void {}
}

/** A screen for a renderer whose output is no terminal's. */
export function withoutTerminal(renderer: Renderer): Screen {
  return {
    report: renderer.report,
    unseen: (output) => renderer.unseen(output),
    hold: () => ({ [Symbol.dispose]: () => {} }),
    [Symbol.dispose]: () => {},
  };
}

/** Whether the terminal moves its cursor and shows what is painted; nobody paints into the log of a build service. */
function canPaint(): boolean {
  const terminal = variable("TERM");
  const locale = variable("LC_ALL") || variable("LC_CTYPE") || variable("LANG");
  const service = variable("CI");
  return terminal !== "" && terminal !== "dumb" && /utf-?8/i.test(locale) &&
    (service === "" || service === "false");
}

/** A variable of the environment; empty where it may not be read. */
function variable(name: string): string {
  // Permissions that were given for an earlier version of this command do not name all of them.
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  return state === "granted" ? Deno.env.get(name) ?? "" : "";
}
