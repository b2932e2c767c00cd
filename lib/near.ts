/**
 * The name that a misspelt one was probably meant to be.
 *
 * @module
 */

/** The nearest of some names, if one is near enough to be what was meant. */
export function nearest(wanted: string, names: readonly string[]): string | undefined {
  const letters = wanted.replace(/^-+/, "").length;
  // Half of a short word is another word.
  if (letters < 2) return undefined;
  const [near] = names
    .map((name) => [distance(wanted.toLowerCase(), name.toLowerCase()), name] as const)
    .toSorted(([a], [b]) => a - b);
  return near && near[0] <= Math.max(1, letters / 3) ? near[1] : undefined;
}

/** A question for a hint, with what else there is to say: `did you mean --flake? See --help`. */
export function didYouMean(
  wanted: string,
  names: readonly string[],
  otherwise: string,
  show: (name: string) => string = (name) => name,
): string {
  const near = nearest(wanted, names);
  if (near === undefined) return otherwise;
  const rest = `${otherwise.slice(0, 1).toUpperCase()}${otherwise.slice(1)}`;
  return `did you mean ${show(near)}? ${rest}`;
}

/** How many letters have to be changed, added, removed or swapped to make one word of another. */
function distance(a: string, b: string): number {
  if (a.length > 100 || b.length > 100) return Infinity;
  const rows = [Array.from({ length: b.length + 1 }, (_, at) => at)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const [last, other] = [rows[i - 1]!, a[i - 1] === b[j - 1] ? 0 : 1];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(Math.min(
        last[j - 1]! + other,
        last[j]! + 1,
        row[j - 1]! + 1,
        swapped ? rows[i - 2]![j - 2]! + 1 : Infinity,
      ));
    }
    rows.push(row);
  }
  return rows.at(-1)!.at(-1)!;
}
