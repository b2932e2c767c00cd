/**
 * The last event of a command: what came of it, for `--json`.
 *
 * @module
 */
import { CommandError } from "../errors.ts";
import { escapeControls } from "../escape.ts";
import { parseDestination, showDestination } from "../plan/destination.ts";
import type { UpdateReport } from "../flow/update.ts";
import { hideSecrets } from "../plan/secrets.ts";
import type { ReportEvent } from "../report/events.ts";
import type { InstallReport } from "../report/install_report.ts";
import { type State, STATES, UPDATE_STATES, type UpdateState } from "../report/states.ts";
import { goOnWords } from "./go_on.ts";
import type { Outcome } from "./outcome.ts";

/** The event of an install that has succeeded. */
export function resultEvent({ host, ...report }: InstallReport, dryRun: boolean): ReportEvent {
  return { time: new Date().toISOString(), host, type: "result", version: 1, dryRun, ...report };
}

/** The event of an update that has succeeded. */
export function updateEvent({ host, previous, ...report }: UpdateReport): ReportEvent {
  return {
    ...{ time: new Date().toISOString(), host, type: "result", version: 1 },
    ...{ ...report, dryRun: report.action === "dry-activate" },
    ...(previous !== undefined && { previous }),
  };
}

/** The target that a command line names, as events name it; `here` where it is not known. */
export function hostOf(text: string | undefined): string {
  try {
    return text ? showDestination(parseDestination(text)) : "here";
  } catch {
    return "here";
  }
}

/** What is told of a failure. */
export interface Failure {
  /** The target as the user named it; `here` where it is not known. */
  readonly host: string;
  /** The words of the command line. */
  readonly words: readonly string[];
  readonly error: unknown;
  readonly state: State | UpdateState;
  readonly outcome: Outcome;
}

/** The event of a command that has failed. */
export function errorEvent({ host, words, error, state, outcome }: Failure): ReportEvent {
  const { kind, code, error: message, hints, goOn } = outcome;
  return {
    time: new Date().toISOString(),
    host,
    type: "error",
    version: 1,
    code: kind,
    name: error instanceof Error ? error.name : typeof error,
    exitCode: code,
    message,
    hints,
    state,
    stateText: { ...STATES, ...UPDATE_STATES }[state],
    ...(goOn && { goOn: goOnWords(words, goOn.phases) }),
    ...(error instanceof CommandError && {
      command: {
        where: error.where,
        words: error.command.map((word) => hideSecrets(word)),
        exitCode: error.exitCode,
        signal: error.signal,
        output: lastLines(error.output),
      },
    }),
  };
}

function lastLines(output: string): string[] {
  return output.split("\n").filter((line) => line.trim() !== "").slice(-20).map(escapeControls);
}
