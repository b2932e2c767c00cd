/**
 * The words of nix settings, as a configuration gives them.
 *
 * @module
 */

/** What the words of a setting are. */
export type WordKind = "substituters" | "trusted-public-keys";

/** A word of a nix.conf, in which white space parts words and `#` begins a comment. */
const SHAPES: Readonly<Record<WordKind, RegExp>> = {
  "substituters": /^[^\s\p{Cc}#]+$/u,
  // NAME:BASE64
  "trusted-public-keys": /^[^\s\p{Cc}#:]+:[A-Za-z0-9+/]+={0,2}$/u,
};

/**
 * Reads a setting that is a list of words. Items are texts of any number of words: a key read from a file has a line
 * feed at its end. What cannot be used is left out, and `warn` is told: an install does not need it.
 */
export function settingWords(
  kind: WordKind,
  value: unknown,
  warn: (text: string) => void,
): string[] {
  const refuse = (what: unknown) => {
    const shown = JSON.stringify(what)?.slice(0, 120) ?? "nothing";
    warn(`nix.settings.${kind} of the configuration: ${shown} cannot be used: left out`);
    return [];
  };
  const items = typeof value === "string" ? [value] : value;
  if (!Array.isArray(items)) return refuse(value);
  return items.flatMap((item) => {
    if (typeof item !== "string") return refuse(item);
    return item.split(/\s+/).filter(Boolean)
      .flatMap((word) => SHAPES[kind].test(word) ? [word] : refuse(word));
  });
}
