import type { ParseOptions } from "./types.ts";

type Tree = Record<string, unknown>;

/** The options of parseArgs, asked by name. */
export class Settings {
  readonly allBooleans: boolean;
  readonly booleans: ReadonlySet<string>;
  readonly strings: ReadonlySet<string>;
  readonly collected: ReadonlySet<string>;
  readonly negatable: ReadonlySet<string>;
  readonly doubleDash: boolean;
  readonly stopEarly: boolean;
  readonly unknown: (arg: string, key?: string, value?: unknown) => unknown;
  readonly #defaults: Tree;
  /** Every name that has others, with all of them, itself first. */
  readonly #names = new Map<string, readonly string[]>();

  constructor(options: ParseOptions = {}) {
    for (const [key, value] of Object.entries(options.alias ?? {})) {
      if (value === undefined) throw new TypeError(`No alias given for "${key}"`);
      const all = [key, ...[value].flat()];
      for (const name of all) this.#names.set(name, [name, ...all.filter((it) => it !== name)]);
    }
    this.allBooleans = options.boolean === true;
    this.booleans = this.#set(typeof options.boolean === "boolean" ? [] : options.boolean);
    this.strings = this.#set(options.string);
    this.collected = this.#set(options.collect);
    this.negatable = this.#set(options.negatable);
    this.doubleDash = options["--"] ?? false;
    this.stopEarly = options.stopEarly ?? false;
    this.unknown = options.unknown ?? (() => true);
    this.#defaults = options.default ?? {};
  }

  #set(names: string | readonly string[] | undefined): ReadonlySet<string> {
    return new Set([names ?? []].flat().filter(Boolean).flatMap((name) => this.names(name)));
  }

  names(key: string): readonly string[] {
    return this.#names.get(key) ?? [key];
  }

  isBoolean(key: string): boolean {
    return this.names(key).some((name) => this.booleans.has(name));
  }

  knows(key: string): boolean {
    return this.#names.has(key) ||
      [this.booleans, this.strings, this.collected].some((names) => names.has(key));
  }

  /** Defaults, and what an option that was not given is without one. */
  fillIn(result: Tree): void {
    for (const [key, value] of Object.entries(this.#defaults)) {
      if (has(result, key)) continue;
      for (const name of this.names(key)) this.put(result, name, value, false);
    }
    for (const key of this.booleans) {
      if (!has(result, key)) this.put(result, key, this.collected.has(key) ? [] : false, false);
    }
    for (const key of this.strings) {
      if (this.collected.has(key) && !has(result, key)) this.put(result, key, [], false);
    }
  }

  /** A dot in a name leads one object down. */
  put(result: Tree, name: string, value: unknown, collect: boolean): void {
    const path = name.split(".");
    const last = path.pop() ?? "";
    // Never a way into the prototypes every object shares.
    if (path.concat(last).some((part) => part === "__proto__" || part === "constructor")) return;
    let at = result;
    for (const part of path) at = (at[part] ??= {}) as Tree;
    const before = at[last];
    if (!collect) at[last] = value;
    else if (Array.isArray(before)) before.push(value);
    else at[last] = before ? [before, value] : [value];
  }
}

function has(result: Tree, name: string): boolean {
  let at: unknown = result;
  return name.split(".").every((part) => {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, part)) return false;
    at = (at as Tree)[part];
    return true;
  });
}
