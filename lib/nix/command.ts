/**
 * Running nix: the arguments that every call has, and what its failures mean.
 *
 * @module
 */
import { CommandError } from "../errors.ts";
import { TROUBLES } from "../plan/troubles.ts";
import { run } from "../process.ts";
import type { RunResult } from "../result.ts";
import { type Reporter, silent } from "../report/events.ts";

/** A nix option for every nix command, here and on the target. */
export interface NixSetting {
  /** The option's name. */
  readonly name: string;
  /** Its value. */
  readonly value: string;
}

/** What every call of nix takes; everything has a default. */
export interface NixOptions {
  /** `--option NAME VALUE` of each. @default [] */
  readonly settings?: readonly NixSetting[] | undefined;
  /** Whether nix shows where in the code an evaluation failed. @default false */
  readonly showTrace?: boolean | undefined;
  /** Whether whole build logs are reported. @default false */
  readonly printBuildLogs?: boolean | undefined;
  /** How long the call may take, in milliseconds. @default no limit */
  readonly deadline?: number | undefined;
  /** Ends the call when aborted. */
  readonly signal?: AbortSignal | undefined;
  /** Hears of the command and of what it prints. @default nobody */
  readonly report?: Reporter | undefined;
}

/** The arguments of `options` for any nix command, new or old. */
export function settingArgs({ settings = [], showTrace = false }: NixOptions): string[] {
  return [
    ...settings.flatMap(({ name, value }) => ["--option", name, value]),
    ...(showTrace ? ["--show-trace"] : []),
  ];
}

/** The words of a new-style command, `nix SUBCOMMAND …`. */
export function nixCommand(
  subcommand: string,
  args: readonly string[],
  options: NixOptions,
): string[] {
  return [
    "nix",
    "--extra-experimental-features",
    "nix-command flakes",
    subcommand,
    ...settingArgs(options),
    ...args,
  ];
}

/** Runs a nix command on this machine; its error output is reported line by line. */
export async function runNix(
  command: readonly string[],
  options: NixOptions,
  env: Readonly<Record<string, string>> = {},
): Promise<RunResult> {
  const { report = silent, signal, deadline } = options;
  try {
    return await run(command, {
      env,
      report,
      onLine: (line, stream) => {
        if (stream === "stderr") report({ type: "output", source: "nix", line });
      },
      ...(signal && { signal }),
      ...(deadline !== undefined && { deadline }),
    });
  } catch (error) {
    throw error instanceof CommandError ? explain(error) : error;
  }
}

const HINTS: readonly (readonly [RegExp, string])[] = [
  [
    /does not provide attribute/,
    TROUBLES.attribute.hint,
  ],
  [
    /attribute '\w*(disko|format|mount)Script\w*' missing/,
    "the configuration has no disko script: import disko's NixOS module and set disko.devices",
  ],
];

/** nix's own message as the message of the error, with what to do where that is known. */
function explain(error: CommandError): Error {
  const said = error.output.split("\n").findLast((line) => /^\s*error: /.test(line));
  if (said === undefined) return error;
  return new CommandError(`nix failed: ${said.replace(/^\s*error: /, "")}`, {
    command: error.command,
    exitCode: error.exitCode,
    signal: error.signal,
    output: error.output,
    where: error.where,
    hint: HINTS.find(([pattern]) => pattern.test(said))?.[1] ??
      "nix's own output tells more; --show-trace tells where in the configuration, -L shows build logs",
    cause: error,
  });
}
