/**
 * Shows events as lines of text.
 *
 * @module
 */
import { escapeControls } from "../escape.ts";
import type { Reporter } from "./events.ts";
import { type Rendered, type Renderer, Seen } from "./renderer.ts";
import { TITLES } from "./stages.ts";
import { OutputFilter } from "./trace.ts";

/** How lines are shown; everything has a default. */
export interface PlainOptions {
  /** Whether commands, debug lines and all output are shown. Default: false */
  readonly debug?: boolean | undefined;
  /** Whether headings stand out by escape sequences of a terminal. Default: false */
  readonly color?: boolean | undefined;
}

/**
 * A reporter that hands `write` one line at a time, without its line feed; never animates.
 *
 * @example
 * ```ts ignore
 * import { nixosAnywhere, plainRenderer } from "@nixos-anywhere/deno";
 * const report = plainRenderer((line) => console.error(line));
 * await nixosAnywhere({ flake: ".#web", host: "root@203.0.113.7", report });
 * ```
 */
export function plainRenderer(write: (line: string) => void, options: PlainOptions = {}): Reporter {
  return new PlainRenderer(write, options).report;
}

/** Writes a line for each event that is shown; never animates. */
export class PlainRenderer implements Renderer {
  readonly #write: (line: string) => void;
  readonly #options: PlainOptions;
  readonly #seen = new Seen();
  readonly #filter: OutputFilter;

  /** Makes one that hands `write` one line at a time, without its line feed. */
  constructor(write: (line: string) => void, options: PlainOptions = {}) {
    this.#write = write;
    this.#options = options;
    this.#filter = new OutputFilter(options.debug);
  }

  /** Shows an event. */
  readonly report = (event: Rendered): void => {
    const line = event.type === "output" ? this.#output(event) : plainLine(event, this.#options);
    if (line !== undefined) this.#write(line);
  };

  /** The last lines of a failed command's output that were not shown. */
  unseen(output: string): string[] {
    return this.#seen.rest(output);
  }

  #output(event: Extract<Rendered, { type: "output" }>): string | undefined {
    const text = this.#filter.shown(event);
    if (text === undefined) return undefined;
    this.#seen.add(text);
    return `${event.source} | ${text}`;
  }
}

/** The line of an event that is no output, `undefined` where it is not shown. */
export function plainLine(
  event: Exclude<Rendered, { type: "output" }>,
  { debug = false, color = false }: PlainOptions,
): string | undefined {
  const strong = (text: string) => color ? `\x1b[1m${text}\x1b[0m` : text;
  switch (event.type) {
    case "stage": {
      const title = TITLES[event.stage];
      const seconds = event.ms === undefined ? "" : ` (${(event.ms / 1000).toFixed(1)} s)`;
      const detail = event.detail === undefined ? "" : `: ${escapeControls(event.detail)}`;
      if (event.state === "start") return strong(`### ${title}`);
      if (event.state === "done") return `### ${title}: done${seconds}`;
      return `### ${title}: ${event.state}${detail}${seconds}`;
    }
    case "log":
      if (event.level === "debug" && !debug) return undefined;
      return `${event.level === "warning" ? "warning: " : ""}${escapeControls(event.text)}`;
    case "command": {
      if (!debug) return undefined;
      const words = event.command.map((word) =>
        /^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word)
      );
      return `${event.where}$ ${escapeControls(words.join(" "))}`;
    }
    case "host-key":
      return `${event.host}: host key ${event.fingerprint} (${
        event.trust === "known" ? "known" : "new, accepted for this run"
      })`;
    case "state":
      return debug ? `state: ${event.text}` : undefined;
    case "progress":
    case "activity":
    case "waiting":
    // These are shown as lines of their own, which are for people.
    case "plan":
    case "result":
    case "error":
      return undefined;
  }
}
