/**
 * Makes text from outside fit for a terminal: control characters, and the marks that turn the
 * direction of text, become visible escapes such as `\x1b`. Line feeds become `\n` too: one text is
 * one line. Tabs stay.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { escapeControls } from "./escape.ts";
 * assertEquals(escapeControls("a\x1b[2Jb"), "a\\x1b[2Jb");
 * ```
 */
export function escapeControls(text: string): string {
  return text.replace(
    /(?!\t)\p{Cc}|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu,
    (c) => {
      if (c === "\n") return "\\n";
      if (c === "\r") return "\\r";
      const code = c.charCodeAt(0);
      return code < 0x100
        ? `\\x${code.toString(16).padStart(2, "0")}`
        : `\\u${code.toString(16).padStart(4, "0")}`;
    },
  );
}
