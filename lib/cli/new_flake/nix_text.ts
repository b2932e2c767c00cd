/**
 * Nix expressions as text: what comes from outside stays a value in them.
 *
 * @module
 */

const KEYWORDS = new Set(
  ["if", "then", "else", "assert", "with", "let", "in", "rec", "inherit", "or"],
);

/**
 * A string as a Nix expression: nothing in it ends the string or is evaluated.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nixString } from "./nix_text.ts";
 * assertEquals(nixString('a"b${c}\\'), '"a\\"b\\${c}\\\\"');
 * ```
 */
export function nixString(text: string): string {
  if (text.includes("\0")) throw new TypeError("a NUL character cannot be in a Nix string");
  const escaped = text.replaceAll(/["\\]|\$(?=\{)/g, (character) => `\\${character}`)
    .replaceAll("\n", "\\n").replaceAll("\r", "\\r").replaceAll("\t", "\\t");
  return `"${escaped}"`;
}

/** The name of an attribute: a plain one as it is, any other quoted. */
export function attributeName(name: string): string {
  const plain = /^[A-Za-z_][A-Za-z0-9_'-]*$/.test(name) && !KEYWORDS.has(name);
  return plain ? name : nixString(name);
}

/** An attribute set of these lines, one below the other. */
export function attributes(...entries: readonly string[]): string {
  return `{\n${indent(entries.join("\n"))}\n}`;
}

/** Text two columns further to the right; empty lines stay empty. */
export function indent(text: string, columns = 2): string {
  return text.replaceAll(/^(?=.)/gm, " ".repeat(columns));
}
