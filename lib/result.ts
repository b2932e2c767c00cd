/**
 * How commands end, and the sentence for it.
 *
 * @module
 */
import { CommandError } from "./errors.ts";
import { escapeControls } from "./escape.ts";

/** How many characters of a failed command's output an error keeps. */
export const MAX_OUTPUT = 4000;

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
}

/** The error for a command that ended as `result` tells. */
export function commandError(
  result: RunResult,
  options: { readonly where?: string | undefined; readonly hint?: Hint | undefined },
  shown: readonly string[],
): CommandError {
  const { where = "here" } = options;
  const output = result.stderr || escapeControls(result.stdout.slice(-MAX_OUTPUT).trimEnd());
  const how = result.signal
    ? `was ended by ${result.signal}`
    : `failed with exit code ${result.code}`;
  return new CommandError(`${describe(shown, where)} ${how}`, {
    command: shown,
    exitCode: result.code,
    signal: result.signal,
    output,
    where,
    hint: hintOf(options.hint, output) ?? "see its output; --debug shows every command",
  });
}

/** A command line for messages: escaped, shortened, with the machine it ran on. */
export function describe(shown: readonly string[], where: string): string {
  const words = escapeControls(shown.join(" "));
  const short = words.length > 160 ? `${words.slice(0, 157)}...` : words;
  return where === "here" ? short : `${where}: ${short}`;
}
