/**
 * The commands besides the install: each is the first word of a command line, and is loaded when it is used.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { nearest } from "../near.ts";
import type { Command } from "./command.ts";

/** Every command by its name. A target that is called so is named by `--target-host`. */
export const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  init: async () => (await import("./init.ts")).init,
  update: async () => (await import("./update_command.ts")).updateCommand,
  completions: async () => (await import("./completions_command.ts")).completionsCommand,
  // What the completions ask while somebody types.
  __complete: async () => (await import("./complete_command.ts")).completeCommand,
};

/**
 * The same failure or, where the first word is nearly a command, one that asks whether that was meant. Whoever says
 * nothing, or asks for help by a word, is told where to begin.
 */
export function askForCommand([word = "help"]: readonly string[], failure: unknown): unknown {
  if (word === "help" && failure instanceof UsageError) {
    const begin = "nixos-anywhere --help lists all, nixos-anywhere init web writes a first flake";
    return new UsageError(failure.message, { hint: `${failure.hint}; ${begin}`, cause: failure });
  }
  const names = Object.keys(COMMANDS).filter((name) => !name.startsWith("_"));
  const near = nearest(word, names);
  if (!(failure instanceof UsageError) || near === undefined) return failure;
  const hint = `did you mean the command ${near}? Else: ${failure.hint}`;
  return new UsageError(failure.message, { hint, cause: failure });
}

/** The command that the first word names, if it names one. */
export async function commandOf([name = ""]: readonly string[]): Promise<Command | undefined> {
  return Object.hasOwn(COMMANDS, name) ? await COMMANDS[name]?.() : undefined;
}
