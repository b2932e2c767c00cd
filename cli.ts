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
import { type CommandLine, parseCommandLine, wantsOnly } from "./lib/cli/argv.ts";
import { commandOf, type Terminal } from "./lib/cli/commands.ts";
import { takeEnvironment } from "./lib/cli/environment.ts";
import { Interrupts } from "./lib/cli/interrupts.ts";
import { outcomeOf } from "./lib/cli/outcome.ts";
import { confirmTarget, diskPassphrase, sudoPassword } from "./lib/cli/questions.ts";
import { summary } from "./lib/cli/summary.ts";
import { CommandError } from "./lib/errors.ts";
import type { Confirmation, PassphraseQuestion } from "./lib/flow/install_options.ts";
import { parsePhases, type Phase, PHASES } from "./lib/plan/phases.ts";
import { PlainRenderer } from "./lib/report/plain.ts";
import { JsonRenderer } from "./lib/report/json.ts";
import type { Renderer } from "./lib/report/renderer.ts";
import type { State } from "./lib/report/states.ts";
import { VERSION } from "./lib/version.ts";

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
  if (only === "version") console.log(VERSION);
  if (only === "help") {
    console.log((await import("./lib/cli/help.ts")).helpText(VERSION).trimEnd());
  }
  if (only) return 0;
  const progress: Progress = { state: "uncontacted", phases: PHASES, renderer: undefined };
  using interrupts = new Interrupts(Deno.exit);
  const { signal } = interrupts;
  try {
    const line = parseCommandLine(words);
    for (const notice of line.notices) console.error(`notice: ${notice}`);
    await run(line, signal, progress);
    return 0;
  } catch (error) {
    return end(signal.aborted ? signal.reason : error, progress);
  }
}

/** What the other commands print on. */
const TERMINAL: Terminal = {
  print: (line) => console.log(line),
  printError: (line) => console.error(line),
  exit: Deno.exit,
};

/** How far a run has come. */
interface Progress {
  state: State;
  phases: readonly Phase[];
  renderer: Renderer | undefined;
}

async function run(line: CommandLine, signal: AbortSignal, progress: Progress): Promise<void> {
  const { options, json, debug } = line;
  const renderer: Renderer = json
    ? new JsonRenderer((text) => console.log(text))
    : new PlainRenderer((text) => console.error(text), {
      debug,
      color: Deno.stderr.isTerminal() && !Deno.env.get("NO_COLOR"),
    });
  progress.renderer = renderer;
  if (options.phases !== undefined) progress.phases = parsePhases(options.phases);
  const { nixosAnywhere } = await import("./lib/flow/flow.ts");
  const interactive = Deno.stdin.isTerminal();
  const { sudoPassword: sudo, diskPassphrase: disk, ...known } = takeEnvironment(line);
  const report = await nixosAnywhere({
    ...options,
    ...known,
    report: (event) => {
      if (event.type === "state") progress.state = event.state as State;
      renderer.report(event);
    },
    sudoPassword: () => sudoPassword(sudo, interactive, signal),
    ...((interactive || disk !== undefined) && {
      diskPassphrase: (about: PassphraseQuestion) => diskPassphrase(disk, about, signal),
    }),
    ...(!line.yes && interactive && {
      confirm: (about: Confirmation) => confirmTarget(about, signal),
    }),
    signal,
  });
  if (json) return;
  console.log(options.vmTest ? VM_TESTED : summary(report, options.dryRun ?? false));
}

const VM_TESTED = "the configuration passed its test in a virtual machine";

/** Says how a run ended that failed, and returns its exit code. */
function end(failure: unknown, { state: reached, phases, renderer }: Progress): number {
  const { code, error, hints, state } = outcomeOf(failure, reached, phases);
  if (failure instanceof CommandError) {
    for (const line of renderer?.unseen(failure.output) ?? []) console.error(`  | ${line}`);
  }
  console.error(`error: ${error}`);
  for (const hint of hints) console.error(`hint: ${hint}`);
  if (state !== undefined) console.error(`state: ${state}`);
  return code;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
