/**
 * Where the output of a command begins. Start-up files of login shells print what they like before it, with or without
 * a line feed; so each command prints a mark first, which nobody else can know.
 *
 * @module
 */

/** Characters of what came before the mark that are kept. */
const MAX_NOISE = 4000;

/** A mark: 32 random digits and a line feed. */
export class Mark {
  readonly #digits: string = crypto.randomUUID().replaceAll("-", "");

  /**
   * Shell code, without a character that login shells quote differently, that prints the mark on both outputs. It does
   * not hold the mark itself: a shell with `set -x` prints the code.
   */
  get code(): string {
    const [head, tail] = [this.#digits.slice(0, 16), this.#digits.slice(16)];
    return `m=${head}; echo "\${m}${tail}"; echo "\${m}${tail}" >&2; `;
  }

  /** What is printed. */
  get text(): string {
    return `${this.#digits}\n`;
  }
}

/** Finds a mark in bytes that come in pieces. */
export class MarkFinder {
  #held: Uint8Array = new Uint8Array();

  /** Looks for the text of a mark. */
  constructor(readonly text: string) {}

  /** Takes a piece; gives back what is behind the mark once it has come. */
  take(piece: Uint8Array): Uint8Array | undefined {
    const all = new Uint8Array(this.#held.length + piece.length);
    all.set(this.#held);
    all.set(piece, this.#held.length);
    const at = BYTES.decode(all).indexOf(this.text);
    const end = at < 0 ? all.length : at;
    this.#held = all.slice(Math.max(0, end - MAX_NOISE), end);
    if (at < 0) return undefined;
    return all.subarray(at + this.text.length);
  }

  /** The end of what came before the mark. */
  get before(): Uint8Array {
    return this.#held;
  }
}

/** One character a byte. */
const BYTES = new TextDecoder("latin1");
