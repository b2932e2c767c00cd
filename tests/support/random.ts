/**
 * Random cases for properties. Every failure names its seed; `TEST_SEED=…` runs that very case again,
 * first.
 *
 * @module
 */

/** Numbers that look random and follow from a seed (mulberry32). */
export class Random {
  #state: number;

  constructor(readonly seed: number) {
    this.#state = seed >>> 0;
  }

  /** A number from 0 up to, without, `end`. */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor(((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32 * end);
  }

  /** One of these. */
  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }

  /** A list of up to `most` things. */
  list<T>(most: number, make: () => T): T[] {
    return Array.from({ length: this.below(most + 1) }, make);
  }

  /** The same things in another order. */
  shuffle<T>(things: readonly T[]): T[] {
    const left = [...things];
    return things.map(() => left.splice(this.below(left.length), 1)[0] as T);
  }

  /** Text with all that breaks shells, parsers and terminals. */
  text(most = 8): string {
    return this.list(most, () => this.pick(PIECES)).join("");
  }

  /** A text with some of its pieces taken out, doubled or replaced. */
  mutate(text: string): string {
    const at = this.below(text.length + 1);
    const end = at + this.below(4);
    const piece = this.pick(["", text.slice(at, end).repeat(2), this.pick(PIECES), this.text(3)]);
    return text.slice(0, at) + piece + text.slice(end);
  }
}

const PIECES: readonly string[] = [
  ...[
    "a",
    "b",
    "Z",
    "0",
    "1",
    "22",
    "web",
    "root",
    "x86_64",
    "é",
    "🎉",
    "١",
    "/",
    ".",
    "..",
    ",",
    ":",
  ],
  ...["@", "#", "=", "-", "--", "_", "+", "%", "%41", "%00", "[", "]", "::", "::1", "ssh://", "{}"],
  ...[
    " ",
    "\t",
    "\n",
    "\r",
    "\0",
    "\x1b[2J",
    "\x7f",
    "\x85",
    "\u2028",
    "\u202e",
    "\ufeff",
    "\ud800",
  ],
  ...[
    "'",
    '"',
    "\\",
    "`",
    "$",
    "$(id)",
    "${HOME}",
    ";",
    "&",
    "|",
    "<",
    ">",
    "(",
    ")",
    "*",
    "?",
    "!",
  ],
  ...["~", "^", "nixosConfigurations", "config", "null", "fact ", "__proto__", "constructor"],
];

/**
 * Tests that something holds for many random cases. The work throws where it does not; what it was given
 * follows from the seed alone.
 */
export function property(title: string, cases: number, work: (random: Random) => void): void {
  const given = Deno.env.get("TEST_SEED");
  const base = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
  Deno.test(`${title} (${cases.toLocaleString("en")} random cases)`, () => {
    for (let seed = base; seed < base + cases; seed++) {
      try {
        work(new Random(seed));
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new Error(`it does not hold for TEST_SEED=${seed}: ${reason}`, { cause });
      }
    }
  });
}

/** What `work` returns, or `undefined` where it throws an error of this kind; any other goes through. */
export function unless<T>(
  // deno-lint-ignore no-explicit-any -- any constructor will do
  kind: abstract new (...args: any[]) => Error,
  work: () => T,
): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof kind) return undefined;
    throw error;
  }
}
