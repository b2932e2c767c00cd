/**
 * Quoting for shells on the other side.
 *
 * @module
 */

/**
 * One word, quoted for a POSIX shell; a plain word stays as it is. Throws a `TypeError` on a NUL
 * character, which no shell can pass on.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { quote } from "./quote.ts";
 * assertEquals(quote("it's"), `'it'\\''s'`);
 * ```
 */
export function quote(word: string): string {
  if (word.includes("\0")) {
    throw new TypeError(`a NUL character cannot be passed to a shell: ${JSON.stringify(word)}`);
  }
  if (/^[A-Za-z0-9@%_+:,./-][A-Za-z0-9@%_+=:,./-]*$/.test(word)) return word;
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Words quoted for a POSIX shell, with spaces between them. */
export function quoteAll(words: readonly string[]): string {
  return words.map(quote).join(" ");
}

/**
 * A command line that runs POSIX shell code whatever the login shell is. sshd hands the command line to
 * the user's login shell; sh, fish and csh agree only on single quotes around text that holds no quote,
 * backslash, exclamation mark or line feed. These characters travel as octal escapes, which `printf %b` of
 * the POSIX shell turns back.
 */
export function anyShell(code: string): string {
  // deno-lint-ignore no-control-regex
  const special = /['\\!\x00-\x1f\x7f]/g;
  if (!special.test(code)) return `sh -c '${code}'`;
  const octal = code.replace(
    special,
    (character) => `\\0${character.charCodeAt(0).toString(8).padStart(3, "0")}`,
  );
  return `sh -c 'eval "$(printf %b "$0")"' '${octal}'`;
}
