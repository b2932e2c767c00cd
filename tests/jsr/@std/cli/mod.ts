/** Reads command lines. @module */

import { Settings } from "./settings.ts";
import type { Args, ParseOptions, Values } from "./types.ts";

export type { Args, ParseOptions } from "./types.ts";

type Value = string | number | boolean;

/**
 * The options and other arguments of a command line: `--name value`, `--name=value`, `--flag`,
 * `-abc`, `-n5`. What follows `--` is never an option.
 */
export function parseArgs<
  B extends boolean | string | undefined = undefined,
  S extends string | undefined = undefined,
  C extends string | undefined = undefined,
  N extends string | undefined = undefined,
  D extends Record<string, unknown> | undefined = undefined,
  A extends Readonly<Record<string, An | readonly An[]>> | undefined = undefined,
  An extends string = string,
  DD extends boolean | undefined = undefined,
>(
  args: readonly string[],
  options?: ParseOptions<B, S, C, N, D, A, DD>,
): Args<Values<B, S, C, N, D, A>, DD> {
  const reader = new Reader(args, new Settings(options as ParseOptions | undefined));
  return reader.read() as Args<Values<B, S, C, N, D, A>, DD>;
}

class Reader {
  readonly #result: Record<string, unknown> & { _: Array<string | number> } = { _: [] };
  readonly #queue: string[];
  readonly #after: string[];

  constructor(args: readonly string[], readonly settings: Settings) {
    const end = args.includes("--") ? args.indexOf("--") : args.length;
    this.#queue = args.slice(0, end);
    this.#after = args.slice(end + 1);
  }

  read(): Record<string, unknown> {
    for (let arg = this.#queue.shift(); arg !== undefined; arg = this.#queue.shift()) {
      if (/^--./s.test(arg)) this.#long(arg);
      else if (/^-./s.test(arg)) this.#short(arg);
      else if (this.#other(arg)) break;
    }
    this.settings.fillIn(this.#result);
    if (this.settings.doubleDash) this.#result["--"] = this.#after;
    else this.#result._.push(...this.#after);
    return this.#result;
  }

  #long(arg: string): void {
    const [, no, bare = "", value] = /^--(no-)?([^=]+|=)(?:=(.*))?$/s.exec(arg) ?? [];
    const { booleans, negatable, allBooleans } = this.settings;
    if (value !== undefined) {
      return this.#set(bare, booleans.has(bare) ? value !== "false" : value, arg);
    }
    if (no && negatable.has(bare)) return this.#set(bare, false, arg, false);
    const key = `${no ?? ""}${bare}`;
    const takes = !allBooleans && !this.settings.isBoolean(key);
    this.#set(key, this.#next((next) => takes && !next.startsWith("-")) ?? this.#bare(key), arg);
  }

  /** One dash: letters, each an option; a value may follow the last, behind `=` or at once. */
  #short(arg: string): void {
    for (let at = 1; at < arg.length - 1; at++) {
      const letter = arg.charAt(at);
      const rest = arg.slice(at + 1);
      if (rest === "=") return this.#set(letter, "", arg);
      const direct = attached(letter, rest);
      if (direct !== undefined) return this.#set(letter, direct, arg);
      this.#set(letter, this.#bare(letter), arg);
    }
    const key = arg.slice(-1);
    const takes = !this.settings.isBoolean(key);
    this.#set(key, this.#next((next) => takes && !/^--?[^-]/.test(next)) ?? this.#bare(key), arg);
  }

  /** Takes the next argument as a value when it may be one, or says true or false. */
  #next(mayBe: (next: string) => boolean): Value | undefined {
    const next = this.#queue[0];
    if (!next || !(mayBe(next) || next === "true" || next === "false")) return undefined;
    this.#queue.shift();
    return mayBe(next) ? next : next === "true";
  }

  #bare(key: string): Value {
    return this.settings.strings.has(key) ? "" : true;
  }

  #set(key: string, value: Value, arg: string, collect = true): void {
    const { settings } = this;
    const known = settings.knows(key) || (settings.allBooleans && /^--[^=]+$/.test(arg));
    if (!known && settings.unknown(arg, key, value) === false) return;
    const read = typeof value === "string" && !settings.strings.has(key) ? number(value) : value;
    for (const name of settings.names(key)) {
      settings.put(this.#result, name, read, collect && settings.collected.has(key));
    }
  }

  /** An argument that is no option; whether everything behind it is to be left as it is. */
  #other(arg: string): boolean {
    if (this.settings.unknown(arg) !== false) {
      this.#result._.push(this.settings.strings.has("_") ? arg : number(arg));
    }
    if (this.settings.stopEarly) this.#result._.push(...this.#queue);
    return this.settings.stopEarly;
  }
}

/**
 * The value that stands right behind a letter: `=x`, `5`, `/path`. An `=` further on counts as well,
 * in the original as here: `-ab=c` is `a`.
 */
function attached(letter: string, rest: string): string | undefined {
  if (/[A-Za-z]/.test(letter)) {
    const equals = rest.indexOf("=");
    if (equals >= 0 && equals < rest.length - 1) return rest.slice(equals + 1);
    if (/\d(\.\d*)?$/.test(rest)) return rest;
  }
  return /^\W/.test(rest) ? rest : undefined;
}

function number(text: string): string | number {
  return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}
