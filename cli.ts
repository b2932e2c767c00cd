/**
 * The command: reads the command line, runs the install, and ends with an exit code.
 *
 * | exit code | meaning |
 * | --- | --- |
 * | 0 | done |
 * | 1 | failed |
 * | 2 | wrong usage or local input; nothing was contacted |
 * | 3 | the target cannot be installed this way; nothing on it was changed |
 * | 4 | the target's identity was refused |
 * | 130 | interrupted |
 *
 * @example
 * ```sh
 * deno run -A jsr:@nixos-anywhere/deno/cli --flake .#web root@203.0.113.7
 * ```
 *
 * @module
 */
import { type CommandLine, parseCommandLine, wantsJson, wantsOnly } from "./lib/cli/argv.ts";
import type { Terminal } from "./lib/cli/command.ts";
import { askForCommand, commandOf } from "./lib/cli/commands.ts";
import { takeEnvironment } from "./lib/cli/environment.ts";
import { errorEvent, hostOf, resultEvent } from "./lib/cli/final_event.ts";
import { Interrupts } from "./lib/cli/interrupts.ts";
import { failureLines } from "./lib/cli/failure_lines.ts";
import { outcomeOf } from "./lib/cli/outcome.ts";
import { confirmTarget, diskPassphrase, sudoPassword } from "./lib/cli/questions.ts";
import { LogFile } from "./lib/cli/log_file.ts";
import { Output } from "./lib/cli/output.ts";
import { openScreen, withoutTerminal } from "./lib/cli/screen.ts";
import { closingLines, summary } from "./lib/cli/summary.ts";
import { Totals } from "./lib/cli/totals.ts";
import type { Confirmation, PassphraseQuestion } from "./lib/flow/install_options.ts";
import { parsePhases, type Phase, PHASES } from "./lib/plan/phases.ts";
import { JsonRenderer } from "./lib/report/json.ts";
import type { Rendered, Screen } from "./lib/report/renderer.ts";
import type { State } from "./lib/report/states.ts";
import { VERSION } from "./lib/version.ts";

const output = new Output(Deno.stdout);
const errors = new Output(Deno.stderr);

/**
 * Runs the command with these words and returns its exit code. Everything is printed on the error output,
 * but for what was asked for: help, version, and the last line that names the installed system.
 *
 * @example
 * ```ts ignore
 * import { main } from "@nixos-anywhere/deno/cli";
 * Deno.exitCode = await main(["--flake", ".#web", "--dry-run", "root@203.0.113.7"]);
 * ```
 */
export async function main(words: readonly string[]): Promise<number> {
  const command = await commandOf(words);
  if (command) return await command(words.slice(1), TERMINAL);
  const only = wantsOnly(words);
  if (only === "version") output.line(VERSION);
  if (only === "help") {
    output.line((await import("./lib/cli/help.ts")).helpText(VERSION).trimEnd());
  }
  if (only) return 0;
  const progress: Progress = {
    ...{ words, json: wantsJson(words), host: "here" },
    ...{ state: "uncontacted", phases: PHASES },
  };
  using interrupts = new Interrupts((code) => {
    end(interrupts.signal.reason, progress);
    Deno.exit(code);
  });
  const { signal } = interrupts;
  try {
    const line = parseCommandLine(words);
    for (const notice of line.notices) errors.line(`notice: ${notice}`);
    await run(line, signal, progress);
    tellLog(progress);
    return 0;
  } catch (error) {
    const reason = await interrupts.reason(error);
    return end(signal.aborted ? reason : askForCommand(words, reason), progress);
  }
}

/** Tells that the output is not whole; that its reader has gone is no news. */
function tellLost(): void {
  const { lost } = output;
  if (lost === undefined || lost instanceof Deno.errors.BrokenPipe) return;
  errors.line(`warning: not all of the output could be written: ${lost.message}`);
}

/** Tells that the file of `--log` is not whole. */
function tellLog({ log }: Progress): void {
  if (log?.lost) errors.line(`warning: --log: ${log.path} is not whole: ${log.lost.message}`);
}

/** What the other commands print on. */
const TERMINAL: Terminal = {
  print: output.line,
  printError: errors.line,
  writeError: (text) => errors.write(text),
  exit: Deno.exit,
};

/** How far a run has come. */
interface Progress {
  readonly words: readonly string[];
  readonly json: boolean;
  host: string;
  state: State;
  phases: readonly Phase[];
  screen?: Screen;
  log?: LogFile;
}

async function run(line: CommandLine, signal: AbortSignal, progress: Progress): Promise<void> {
  const { options, json, debug, quiet } = line;
  progress.host = hostOf(options.host);
  const { privateKey, password, sudoPassword: sudo, diskPassphrase: disk, noCheck } =
    takeEnvironment(line);
  if (line.log !== undefined) {
    const secrets = [privateKey, password, sudo, disk].filter((one) => one !== undefined);
    progress.log = LogFile.open(line.log, secrets);
  }
  const { log } = progress;
  const screen = progress.screen = json
    ? withoutTerminal(new JsonRenderer(output.line, { debug }))
    : openScreen({
      write: (text) => errors.write(text),
      isTerminal: Deno.stderr.isTerminal(),
      size: Deno.consoleSize,
    }, { debug, quiet, buildLogs: options.printBuildLogs ?? false });
  if (options.phases !== undefined) progress.phases = parsePhases(options.phases);
  const { runInstall } = await import("./lib/flow/flow.ts");
  const interactive = Deno.stdin.isTerminal();
  const totals = new Totals();
  /** Asks with everything else held back. */
  const ask = async <T>(question: () => Promise<T>): Promise<T> => {
    using _held = screen.hold();
    return await question();
  };
  const report = await runInstall({
    ...options,
    ...{ privateKey, password, noCheck },
    report: (event: Rendered) => {
      if (event.type === "state") progress.state = event.state as State;
      totals.hear(event);
      log?.report(event);
      screen.report(event);
    },
    sudoPassword: () => ask(() => sudoPassword(sudo, interactive, signal)),
    ...((interactive || disk !== undefined) && {
      diskPassphrase: (about: PassphraseQuestion) => ask(() => diskPassphrase(disk, about, signal)),
    }),
    ...(!line.yes && interactive && {
      confirm: (about: Confirmation) => ask(() => confirmTarget(about, signal)),
    }),
    signal,
  });
  screen[Symbol.dispose]();
  const last = options.vmTest ? VM_TESTED : summary(report, options.dryRun ?? false);
  const closing = await closingLines(report, options, totals);
  for (const text of [...closing, last]) log?.write(text);
  if (json) return screen.report(resultEvent(report, options.dryRun ?? false));
  if (!quiet) { for (const text of closing) errors.line(text); }
  output.line(last);
}

const VM_TESTED = "the configuration passed its test in a virtual machine";

/** Says how a run ended that failed, and returns its exit code. */
function end(failure: unknown, progress: Progress): number {
  const { state: reached, phases, words, screen, log, json } = progress;
  screen?.[Symbol.dispose]();
  const outcome = outcomeOf(failure, reached, phases);
  const lines = failureLines({
    failure,
    outcome,
    reached,
    words,
    screen,
    log: log?.lost ? undefined : log?.path,
  });
  for (const line of lines) log?.write(line);
  tellLog(progress);
  for (const line of lines) errors.line(line);
  log?.[Symbol.dispose]();
  if (json) output.line(JSON.stringify(errorEvent({ ...progress, error: failure, outcome })));
  return outcome.code;
}

if (import.meta.main) {
  const code = await main(Deno.args);
  tellLost();
  Deno.exit(code);
}
