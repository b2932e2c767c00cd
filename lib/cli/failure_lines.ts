/**
 * What is said of a run that failed.
 *
 * @module
 */
import { CommandError } from "../errors.ts";
import { escapeControls } from "../escape.ts";
import type { Renderer } from "../report/renderer.ts";
import type { State } from "../report/states.ts";
import { quoteAll } from "../ssh/quote.ts";
import { goOnWords } from "./go_on.ts";
import type { Outcome } from "./outcome.ts";

/** What is known of it. */
export interface FailedRun {
  readonly failure: unknown;
  readonly outcome: Outcome;
  /** The state that the target was left in. */
  readonly reached: State;
  /** The words of the command line. */
  readonly words: readonly string[];
  /** Knows what was shown already. */
  readonly screen: Pick<Renderer, "unseen"> | undefined;
  /** The file of `--log`. */
  readonly log: string | undefined;
}

/** Failures after which the same command line would fail in the same way. */
const STUCK: readonly Outcome["kind"][] = ["identity", "bug", "permission"];

/**
 * The lines: what the command that failed has printed and nobody was shown, what failed, what to do, the command line
 * that goes on, and last the state, which is what it goes on from.
 */
export function failureLines(
  { failure, outcome, reached, words, screen, log }: FailedRun,
): string[] {
  const { kind, error, hints, state, goOn } = outcome;
  const unseen = failure instanceof CommandError ? screen?.unseen(failure.output) ?? [] : [];
  const begun = reached !== "uncontacted" && reached !== "untouched" && !STUCK.includes(kind);
  const again = goOn && begun ? ["nixos-anywhere", ...goOnWords(words, goOn.phases)] : undefined;
  return [
    ...unseen.map((line) => `  | ${line}`),
    `error: ${error}`,
    ...hints.map((hint) => `hint: ${hint}`),
    ...(log === undefined ? [] : [`log: all of it is in ${escapeControls(log)}`]),
    ...(again ? [`to go on: ${escapeControls(quoteAll(again))}`] : []),
    ...(state === undefined ? [] : [`state: ${state}`]),
  ];
}
