/**
 * Which rows of the large tables a run has: `task test` a part of them, another one each day; everything else all.
 *
 * Rows that guard a disk, tell whether it is the right machine, or keep a secret are in every part, and so is the first of
 * each kind. What is left out is printed with the table.
 *
 * @module
 */

/** How many parts there are: after so many days every row has been run. */
export const PARTS = 2;

const DAY = Math.floor(Date.now() / 86_400_000);

function randomOfToday(): number {
  return PARTS * Math.floor(Math.random() * 2 ** 28) + DAY % PARTS;
}

/** The seed of this run: `TEST_SEED`, or else a random one whose remainder by {@linkcode PARTS} is the day's. */
export const SEED: number = Number(Deno.env.get("TEST_SEED") ?? randomOfToday());

/** The variable that asks for a part, with the value {@linkcode A_PART}. */
export const ROWS = "TEST_ROWS";
export const A_PART = "part";

/** The rows of one table, in their order. */
export class Rows {
  readonly #part: number | "all";
  readonly #kinds = new Map<string, number>();
  #left = 0;

  /** @param part the number of the part, from 0 */
  constructor(part: number | "all" = partAsked()) {
    this.#part = part;
  }

  /** Whether the next row is in: one of this kind, which perhaps is in every part. */
  has(kind: string, always: boolean): boolean {
    const index = this.#kinds.get(kind) ?? 0;
    if (!always) this.#kinds.set(kind, index + 1);
    const is = always || index === 0 || this.#part === "all" || index % PARTS === this.#part;
    if (!is) this.#left++;
    return is;
  }

  /** What is said below the table; nothing where no row was left out. */
  get note(): string {
    return this.#left === 0 || this.#part === "all"
      ? ""
      : `${this.#left} rows left to task test:all (part ${this.#part + 1} of ${PARTS})`;
  }
}

/** The sum of what the notes of some tables say. */
export function countLeft(output: string): number {
  const notes = output.matchAll(/^(\d+) rows left to task test:all /gm);
  return [...notes].reduce((sum, [, rows]) => sum + Number(rows), 0);
}

function partAsked(): number | "all" {
  return Deno.env.get(ROWS) === A_PART ? SEED % PARTS : "all";
}
