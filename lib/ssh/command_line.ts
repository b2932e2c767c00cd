/**
 * Command lines for the login shell of a target, and how commands are shown to people.
 *
 * @module
 */
import type { Mark } from "./mark.ts";
import { anyShell, quoteAll } from "./quote.ts";

/**
 * Undoes what start-up files of login shells do to the commands behind them: an exported TMOUT ends `read` where sh is
 * bash, files that others have to read are not made for everybody, `cd` prints where it goes.
 */
export const CLEAN = "umask 022; unset TMOUT CDPATH ENV BASH_ENV; ";

/**
 * The command line that prints the mark and then runs shell code. By `exec`, so that the login shell's own end prints
 * nothing behind it.
 */
export function commandLine(mark: Mark, code: string): string {
  return `exec ${anyShell(`${mark.code}${CLEAN}${code}`)}`;
}

/** The command line that prints the mark and becomes a program with these words. */
export function execLine(mark: Mark, words: readonly string[]): string {
  return commandLine(mark, `exec ${quoteAll(words)}`);
}

/** Longer code of a shell is not shown. */
const MAX_CODE = 60;

/** The words of a command as a person would call it: long code for `sh -c` is left out, its name and arguments stay. */
export function shownWords(given: readonly string[]): string[] {
  const words = withoutHelper(given);
  const at = words.findIndex((word, index) => index > 0 && isShell(words, index) && isLong(word));
  if (at < 0) return [...words];
  return [...words.slice(0, at), ...words.slice(at + 1)];
}

/** Without what gives sudo its password. */
function withoutHelper(words: readonly string[]): readonly string[] {
  if (words[0] === "env" && words[1]?.startsWith("SUDO_ASKPASS=")) return words.slice(2);
  if (words[0] === "sh" && words[1]?.endsWith("/sudo")) return ["sudo", ...words.slice(3)];
  return words;
}

function isShell(words: readonly string[], index: number): boolean {
  return words[index - 2] === "sh" && /^-[a-z]*c$/.test(words[index - 1] ?? "");
}

function isLong(code: string): boolean {
  return code.length > MAX_CODE || code.includes("\n");
}
