/**
 * Running nix: the arguments that every call has, and what its failures mean.
 *
 * @module
 */
import { CommandError } from "../errors.ts";
import { run } from "../process.ts";
import type { RunResult } from "../result.ts";
import { type Reporter, type Stage, stamping } from "../report/events.ts";
import type { Setting } from "../plan/options.ts";
import { ActivityLog, JSON_LOG, knowsNoJsonLog, LONGEST_LINE } from "./activity.ts";
import { ASKS_NOBODY, hintOn, isFetch } from "./hints.ts";
import type { NixMessage } from "./message.ts";
import { NixOutput } from "./output.ts";

/** What every call of nix takes; everything has a default. */
export interface NixOptions {
  /** `--option NAME VALUE` of each. Default: [] */
  readonly settings?: readonly Setting[] | undefined;
  /** Whether nix shows where in the code an evaluation failed. Default: false */
  readonly showTrace?: boolean | undefined;
  /** Whether whole build logs are reported. Default: false */
  readonly printBuildLogs?: boolean | undefined;
  /** How long the call may take, in milliseconds. Default: no limit */
  readonly timeout?: number | undefined;
  /** Ends the call when aborted. */
  readonly signal?: AbortSignal | undefined;
  /** Whether the settings of a flake (its `nixConfig`) are trusted. Default: what nix's own settings say */
  readonly acceptFlakeConfig?: boolean | undefined;
  /** The warnings that were reported before: calls that share this report each once. Default: none */
  readonly said?: Set<string> | undefined;
  /** Hears of the command and of what it prints. Default: nobody */
  readonly report?: Reporter | undefined;
}

/** The arguments of `options` for any nix command, new or old. */
export function settingArgs({ settings = [], showTrace = false }: NixOptions): string[] {
  return [
    ...settings.flatMap(({ name, value }) => ["--option", name, value]),
    ...(showTrace ? ["--show-trace"] : []),
  ];
}

/** The words of a new-style command, `nix SUBCOMMAND …`; a subcommand may be two words. */
export function nixCommand(
  subcommand: string,
  args: readonly string[],
  options: NixOptions,
): string[] {
  return [
    "nix",
    "--extra-experimental-features",
    "nix-command flakes",
    ...subcommand.split(" "),
    ...(options.acceptFlakeConfig ? ["--accept-flake-config"] : []),
    ...settingArgs(options),
    ...args,
  ];
}

/** How a call differs from others; everything has a default. */
export interface NixCall {
  /** Variables of the command. Default: none */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether the call may fail: what it prints is for --debug only. Default: false */
  readonly quiet?: boolean;
  /** The stage that it belongs to, which it tells of what it is at. Default: none: it tells nothing */
  readonly stage?: Stage | undefined;
}

/**
 * What keeps git and ssh, which nix runs to fetch a flake or to build elsewhere, from asking on the terminal, where nobody
 * would see what is asked for: they are refused, and nix says so. A program that asks in a window (SSH_ASKPASS) still does.
 */
async function asksNobody(): Promise<Record<string, string>> {
  const env: Record<string, string> = {};
  for (const [name, value] of [["GIT_TERMINAL_PROMPT", "0"], ["SSH_ASKPASS_REQUIRE", "force"]]) {
    const { state } = await Deno.permissions.query({ name: "env", variable: name! });
    if (state !== "granted" || Deno.env.get(name!) === undefined) env[name!] = value!;
  }
  return env;
}

/** Whether nix on this machine was found to know no log that tells what it is at. */
let tooOld = false;

/** How a nix command ended. */
export interface NixResult extends RunResult {
  /** The settings of the flake that nix left out, since it does not trust them. */
  readonly untrusted: readonly string[];
}

/**
 * Runs a nix command on this machine; its error output is reported line by line, but for its errors, which are
 * the message of the {@linkcode CommandError} that is thrown.
 */
export async function runNix(
  command: readonly string[],
  options: NixOptions,
  { env = {}, quiet = false, stage }: NixCall = {},
): Promise<NixResult> {
  const { signal, timeout, said, showTrace, printBuildLogs: buildLogs } = options;
  const report = stamping(options.report);
  const output = new NixOutput({ report, quiet, said });
  const told = stage !== undefined && !tooOld;
  using activity = told ? new ActivityLog({ report, stage, where: "here", buildLogs }) : undefined;
  try {
    const result = await run(told ? [...command, ...JSON_LOG] : command, {
      ...{ env: { ...await asksNobody(), ...env }, report, shown: command },
      ...(activity && { translate: activity.lines, longest: LONGEST_LINE }),
      onLine: (line, stream) => {
        if (stream === "stderr") output.line(line);
      },
      signal,
      ...(timeout !== undefined && { timeout }),
    });
    output.succeeded();
    return { ...result, untrusted: output.untrusted };
  } catch (error) {
    if (told && error instanceof CommandError && knowsNoJsonLog(error.output)) {
      tooOld = true;
      return await runNix(command, options, { env, quiet });
    }
    throw error instanceof CommandError
      ? explain(error, output.failed(showTrace && !quiet), output.refused)
      : error;
  }
}

/** nix's own message as the message of the error, all of its lines, with what to do where that is known. */
export function explain(
  error: CommandError,
  said: NixMessage | undefined,
  refused = false,
): CommandError {
  if (said === undefined) return error;
  const message = said.message.join("\n");
  const { command, exitCode, signal, where } = error;
  const place = where === "here" ? "" : `${where}: `;
  return new CommandError(`${place}nix failed: ${message}`, {
    ...{ command, exitCode, signal, where },
    // The rest was reported as it came.
    output: "",
    hint: refused && isFetch(message) ? ASKS_NOBODY : hintOn(message, where),
    cause: error,
  });
}

/** The same error with another hint, and perhaps another message. */
export function withHint(
  error: CommandError,
  hint: string,
  message: string = error.message,
): CommandError {
  const { command, exitCode, signal, output, where, cause } = error;
  return new CommandError(message, { command, exitCode, signal, output, where, cause, hint });
}
