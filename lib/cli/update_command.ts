/**
 * The command `update`.
 *
 * @module
 */
import { CommandError, UsageError } from "../errors.ts";
import type { CommandOptions } from "../plan/option.ts";
import { UPDATE_TABLE, type UpdateSettings } from "../plan/update_options.ts";
import { JsonRenderer } from "../report/json.ts";
import type { Screen } from "../report/renderer.ts";
import { type State, STATES, UPDATE_STATES, type UpdateState } from "../report/states.ts";
import { VERSION } from "../version.ts";
import { parseCommandLine, wantsJson, wantsOnly } from "./argv.ts";
import type { Terminal } from "./command.ts";
import { takeEnvironment } from "./environment.ts";
import { errorEvent, hostOf, updateEvent } from "./final_event.ts";
import { helpText } from "./help.ts";
import { Interrupts } from "./interrupts.ts";
import { outcomeOf } from "./outcome.ts";
import { sudoPassword } from "./questions.ts";
import { openScreen, withoutTerminal } from "./screen.ts";

/** What the command is called with, in the help. */
export const UPDATE_USAGE: readonly string[] = [
  "update a machine that runs NixOS",
  "Usage: nixos-anywhere update [OPTIONS] --flake URI#NAME HOST",
  "       nixos-anywhere update [OPTIONS] --store-path SYSTEM HOST",
];

/** Runs the command with the words behind `update`, and returns its exit code. */
export async function updateCommand(words: readonly string[], terminal: Terminal): Promise<number> {
  const only = wantsOnly(words, UPDATE_TABLE);
  if (only === "version") terminal.print(VERSION);
  if (only === "help") {
    terminal.print(helpText(VERSION, UPDATE_TABLE, UPDATE_USAGE).trimEnd());
  }
  if (only) return 0;
  let state: State | UpdateState = "uncontacted";
  let screen: Screen | undefined;
  let host = "here";
  using interrupts = new Interrupts(terminal.exit);
  const { signal } = interrupts;
  try {
    if (words.includes("--dry-run")) {
      throw new UsageError('unknown option "--dry-run"', {
        hint: "--action dry-activate says what an update would do",
      });
    }
    const line = parseCommandLine<UpdateSettings>(words, UPDATE_TABLE);
    const { json, debug } = line as CommandOptions;
    host = hostOf(line.options.host);
    const shown = screen = json
      ? withoutTerminal(new JsonRenderer(terminal.print, { debug }))
      : openScreen({
        write: terminal.writeError,
        isTerminal: Deno.stderr.isTerminal(),
        size: Deno.consoleSize,
      }, { debug, quiet: false, buildLogs: line.options.printBuildLogs ?? false });
    const { sudoPassword: sudo, privateKey, password } = takeEnvironment(line);
    const { runUpdate } = await import("../flow/update.ts");
    const done = await runUpdate({
      ...line.options,
      ...{ privateKey, password },
      sudoPassword: async () => {
        using _held = shown.hold();
        return await sudoPassword(sudo, Deno.stdin.isTerminal(), signal);
      },
      report: (event) => {
        if (event.type === "state") state = event.state;
        shown.report(event);
      },
      signal,
    });
    shown[Symbol.dispose]();
    if (json) shown.report(updateEvent(done));
    else terminal.print(`${done.host} ${DONE[done.action]} ${done.system}`);
    return 0;
  } catch (error) {
    screen?.[Symbol.dispose]();
    const failure = await interrupts.reason(error);
    // Of its states an install knows only the first two.
    const known = state === "uncontacted" || state === "untouched" ? state : "done";
    const outcome = outcomeOf(failure, known, []);
    const { code, error: text } = outcome;
    const hints = outcome.kind === "interrupted" ? [AGAIN[state] ?? AGAIN.else] : outcome.hints;
    if (failure instanceof CommandError) {
      for (const line of screen?.unseen(failure.output) ?? []) terminal.printError(`  | ${line}`);
    }
    terminal.printError(`error: ${text}`);
    for (const hint of hints) terminal.printError(`hint: ${hint}`);
    if (code !== 2) terminal.printError(`state: ${{ ...STATES, ...UPDATE_STATES }[state]}`);
    if (wantsJson(words, UPDATE_TABLE)) {
      const event = errorEvent({
        ...{ host, words: ["update", ...words], error: failure, state },
        // An update starts from its beginning, unless it has come to its end.
        outcome: { ...outcome, hints, goOn: ENDS.includes(state) ? undefined : {} },
      });
      terminal.print(JSON.stringify(event));
    }
    return code;
  }
}

/** Where the same command line does not go on: a mistake in it, or nothing left to do. */
const ENDS: readonly (State | UpdateState)[] = ["uncontacted", "active", "next-boot"];

/** What is to be done when an update was interrupted. */
const AGAIN: Readonly<Partial<Record<State | UpdateState, string>> & { else: string }> = {
  activating: "wait until it has gone back, then run the same command line again",
  else: "run the same command line again",
};

const DONE = {
  switch: "runs",
  test: "runs, until its next boot,",
  boot: "will boot",
  "dry-activate": "was not changed by",
} as const;
