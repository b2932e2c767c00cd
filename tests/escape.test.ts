import { assertEquals } from "@std/assert";
import { escapeControls } from "../lib/escape.ts";

const cases: readonly [text: string, wanted: string][] = [
  ["", ""],
  ["plain text, ünï 🎉\ttab", "plain text, ünï 🎉\ttab"],
  ["a\nb\r\n", "a\\nb\\r\\n"],
  ["\x00\x07\x08\x0b\x0c", "\\x00\\x07\\x08\\x0b\\x0c"],
  ["\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"],
  ["\x7f\x80\x9b31m\x9f", "\\x7f\\x80\\x9b31m\\x9f"],
  ["\u202eevil\u202c", "\\u202eevil\\u202c"],
  ["\u061c\u200e\u200f\u2066\u2069", "\\u061c\\u200e\\u200f\\u2066\\u2069"],
  ["\u2028\u2029", "\\u2028\\u2029"],
  ["\\n stays", "\\n stays"],
  ["\xa0 and \u200b", "\xa0 and \u200b"],
  ["\ud800 alone", "\ud800 alone"],
];

for (const [text, wanted] of cases) {
  Deno.test(`escapeControls() of ${JSON.stringify(text)}`, () => {
    assertEquals(escapeControls(text), wanted);
    assertEquals(escapeControls(wanted), wanted, "twice is once");
  });
}

Deno.test("escapeControls() leaves no control character but the tab", () => {
  for (let code = 0; code < 0x2100; code++) {
    const escaped = escapeControls(String.fromCharCode(code));
    const bad = /(?!\t)\p{Cc}|[\u2028\u2029\u202a-\u202e\u2066-\u2069]/u.test(escaped);
    assertEquals(bad, false, code.toString(16));
  }
});
