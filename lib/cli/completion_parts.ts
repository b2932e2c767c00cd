/**
 * What the completions of all shells are made of.
 *
 * @module
 */
import type { OptionTable } from "../plan/option_table.ts";
import { PHASES } from "../plan/phases.ts";
import { UPDATE_TABLE } from "../plan/update_options.ts";
import { COMMANDS } from "./commands.ts";
import { type Flag, FLAGS, flagsOf } from "./flags.ts";

/** The shells that there are completions for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/** A shell with completions. */
export type Shell = typeof SHELLS[number];

/** What a script is made of. */
export interface CompletionParts {
  /** The name of the command. */
  readonly command: string;
  /** The flags of an install, and of the commands that have flags of their own. */
  readonly tables: Readonly<Record<"install" | "update", readonly Flag[]>>;
  readonly phases: readonly string[];
  /** The commands besides the install. */
  readonly commands: readonly string[];
  readonly shells: readonly string[];
}

/** What this version has. Deprecated flags still work, and nobody is led to them. */
export function completionParts(): CompletionParts {
  const current = (flags: readonly Flag[]) => flags.filter(({ deprecated }) => !deprecated);
  return {
    command: "nixos-anywhere",
    tables: {
      install: current(FLAGS),
      update: current(Object.values<OptionTable[string]>(UPDATE_TABLE).flatMap(flagsOf)),
    },
    phases: PHASES,
    commands: Object.keys(COMMANDS).filter((name) => !name.startsWith("_")),
    shells: SHELLS,
  };
}

/** A word in single quotes, for bash and zsh. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
