/**
 * The commands beside the install: the first word of the command line names one.
 *
 * @module
 */

/** A command: is handed the words behind its name, and returns the exit code. */
export type Command = (words: readonly string[]) => Promise<number>;

/** Every command by its name; each is loaded when it is wanted. */
export const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  init: async () => (await import("./init.ts")).init,
};

/** The command that the first word names, if it names one. */
export function commandOf(words: readonly string[]): (() => Promise<Command>) | undefined {
  const [name = ""] = words;
  return Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
}
