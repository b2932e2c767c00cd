/**
 * Printing the completion of a shell.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { didYouMean } from "../near.ts";
import { bashCompletion } from "./bash_completion.ts";
import type { Command } from "./command.ts";
import { completionParts, type Shell, SHELLS } from "./completion_parts.ts";
import { fishCompletion } from "./fish_completion.ts";
import { zshCompletion } from "./zsh_completion.ts";

const MAKE = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

const HELP = `nixos-anywhere completions SHELL: print what completes its command lines

SHELL is one of ${SHELLS.join(", ")}:
  bash  source <(nixos-anywhere completions bash)     in ~/.bashrc
  zsh   source <(nixos-anywhere completions zsh)      in ~/.zshrc, behind compinit
  fish  nixos-anywhere completions fish | source      in ~/.config/fish/config.fish`;

/** Prints the script of the shell that is named. */
export const completionsCommand: Command = (words, { print, printError }) => {
  if (words.includes("--help") || words.includes("-h")) {
    print(HELP);
    return Promise.resolve(0);
  }
  try {
    print(script(words).trimEnd());
    return Promise.resolve(0);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    printError(`error: ${error.message}`);
    printError(`hint: ${error.hint}`);
    return Promise.resolve(2);
  }
};

function script([shell, ...more]: readonly string[]): string {
  const hint = `write nixos-anywhere completions with one of ${SHELLS.join(", ")}`;
  if (shell === undefined) throw new UsageError("completions: no shell is named", { hint });
  if (more.length > 0) {
    throw new UsageError(
      `completions: one shell is enough: ${JSON.stringify(more[0])} is too much`,
      { hint },
    );
  }
  if (!(SHELLS as readonly string[]).includes(shell)) {
    throw new UsageError(`completions: there are none for ${JSON.stringify(shell)}`, {
      hint: didYouMean(shell, SHELLS, hint),
    });
  }
  return MAKE[shell as Shell](completionParts());
}
