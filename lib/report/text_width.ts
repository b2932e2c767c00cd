/**
 * How wide a text is on a terminal, and cutting it to a width.
 *
 * @module
 */

// Marks that stand on the character before them, and what joins or selects how it looks.
const NONE =
  /[\p{Mn}\p{Me}\u200b-\u200d\u2060\ufe00-\ufe0f\u{1f3fb}-\u{1f3ff}\u{e0100}-\u{e01ef}]/u;
// East Asian wide and full-width characters, and pictures.
const WIDE = new RegExp(
  "[\\u1100-\\u115f\\u2329\\u232a\\u2e80-\\u303e\\u3041-\\u33ff\\u3400-\\u4dbf\\u4e00-\\u9fff\\ua000-\\ua4cf" +
    "\\ua960-\\ua97f\\uac00-\\ud7a3\\uf900-\\ufaff\\ufe10-\\ufe19\\ufe30-\\ufe6f\\uff01-\\uff60\\uffe0-\\uffe6" +
    "\\u{16fe0}-\\u{18d08}\\u{1aff0}-\\u{1b2fb}\\u{1f200}-\\u{1f320}\\u{20000}-\\u{3fffd}]|\\p{Emoji_Presentation}",
  "u",
);
// deno-lint-ignore no-control-regex -- what the terminal takes as a colour
const STYLE = /\x1b\[[0-9;]*m/g;

/** The columns that a text takes; colours take none. */
export function textWidth(text: string): number {
  const bare = text.replace(STYLE, "");
  if (/^[\x20-\x7e]*$/.test(bare)) return bare.length;
  let width = 0;
  for (const character of bare) width += widthOf(character);
  return width;
}

function widthOf(character: string): number {
  if (NONE.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** A text without colours that takes no more than `columns`; what is cut ends in `…`. */
export function cutText(text: string, columns: number): string {
  if (columns <= 0) return "";
  if (textWidth(text) <= columns) return text;
  let [cut, width] = ["", 0];
  for (const character of text) {
    width += widthOf(character);
    if (width > columns - 1) break;
    cut += character;
  }
  return `${cut}…`;
}
