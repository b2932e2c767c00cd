/**
 * How commands end, and the sentence for it.
 *
 * @module
 */
import { CommandError } from "./errors.ts";
import { escapeControls } from "./escape.ts";
import { playLine } from "./terminal.ts";

/** How many characters of a failed command's output an error keeps. */
export const MAX_OUTPUT = 4000;
const MAX_LINES = 200;
const MAX_COMMAND = 160;

/** What to do about a failure: a sentence, or what makes one of the output. */
export type Hint = string | ((output: string) => string);

/** The sentence of a hint. */
export function hintOf(hint: Hint | undefined, output: string): string | undefined {
  return typeof hint === "function" ? hint(output) : hint;
}

/** How a command ended. */
export interface RunResult {
  /** The exit code; for a death by signal 128 + its number. */
  readonly code: number;
  /** The signal that ended it, else `null`. */
  readonly signal: string | null;
  /** The first 4 MiB of what it printed on its standard output. */
  readonly stdout: string;
  /** The last lines of what it printed on its error output, at most 4,000 characters. */
  readonly stderr: string;
  /** The last lines of both outputs in the order they came, at most 4,000 characters. */
  readonly output: string;
}

/** The last lines of an output: played as by a terminal, escaped, at most {@linkcode MAX_OUTPUT} characters. */
export class Tail {
  #lines: string[] = [];

  /** Adds a line. */
  add(line: string): void {
    this.#lines.push(line.slice(-MAX_OUTPUT));
    if (this.#lines.length > 2 * MAX_LINES) this.#lines = this.#lines.slice(-MAX_LINES);
  }

  /** The lines that fit; of one that is too long alone its end. */
  get text(): string {
    const lines = this.#lines.map((line) => escapeControls(playLine(line)));
    let size = 0;
    const begin = lines.findLastIndex((line) => (size += line.length + 1) > MAX_OUTPUT);
    const fitting = lines.slice(begin + 1).join("\n").trimEnd();
    return fitting || (lines.at(-1) ?? "").slice(-MAX_OUTPUT);
  }
}

/** The error for a command that ended as `result` tells. */
export function commandError(
  result: Pick<RunResult, "code" | "signal" | "output">,
  options: Naming & { readonly hint?: Hint | undefined },
  shown: readonly string[],
): CommandError {
  const { where = "here" } = options;
  const { output } = result;
  const how = result.signal
    ? `was ended by ${result.signal}`
    : `failed with exit code ${result.code}`;
  return new CommandError(`${describe(shown, options)} ${how}`, {
    command: shown,
    exitCode: result.code,
    signal: result.signal,
    output,
    where,
    hint: hintOf(options.hint, output) ?? "see its output; --debug shows every command",
  });
}

/** How messages name a command: by the machine it ran on, and in other words than its own. */
export interface Naming {
  readonly where?: string | undefined;
  readonly called?: string | undefined;
}

/** A command line for messages: escaped, shortened, with the machine it ran on. */
export function describe(shown: readonly string[], { where = "here", called }: Naming): string {
  const short = shortCommand(called === undefined ? shown : [called]);
  return where === "here" ? short : `${where}: ${short}`;
}

/** A command line in one short line: of a shell script that is among its words only the name is shown. */
export function shortCommand(shown: readonly string[]): string {
  const script = shown.findIndex((word) => word.includes("\n"));
  const isCode = script > 0 && /^-\w*c$/.test(shown[script - 1] ?? "");
  const named = isCode ? [...shown.slice(0, script - 2), shown[script + 1] ?? "script"] : shown;
  const words = escapeControls(named.map((word) => word.replace(/\n[^]*/, "...")).join(" "));
  return words.length > MAX_COMMAND ? `${words.slice(0, MAX_COMMAND - 3)}...` : words;
}
