/**
 * What the completions of all shells are made of.
 *
 * @module
 */
import type { Completes } from "../plan/option.ts";
import { PHASES } from "../plan/phases.ts";
import { COMMANDS } from "./commands.ts";
import { type Flag, FLAGS } from "./flags.ts";

/** The shells that there are completions for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/** A shell with completions. */
export type Shell = typeof SHELLS[number];

/** What a script is made of. */
export interface CompletionParts {
  /** The name of the command. */
  readonly command: string;
  readonly flags: readonly Flag[];
  readonly phases: readonly string[];
  /** The commands besides the install. */
  readonly commands: readonly string[];
  readonly shells: readonly string[];
}

/** What this version has. Deprecated flags still work, and nobody is led to them. */
export function completionParts(): CompletionParts {
  return {
    command: "nixos-anywhere",
    flags: FLAGS.filter(({ deprecated }) => !deprecated),
    phases: PHASES,
    commands: Object.keys(COMMANDS).filter((name) => !name.startsWith("_")),
    shells: SHELLS,
  };
}

/** The value of a flag that is completed in this way, each with its number from 1. */
export function valuesOf(
  { flags }: CompletionParts,
  kind: Exclude<Completes, readonly string[]>,
): [Flag, number][] {
  return flags.flatMap((flag) =>
    flag.completes.flatMap((one, at): [Flag, number][] => one === kind ? [[flag, at + 1]] : [])
  );
}

/** A word in single quotes, for bash and zsh. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
