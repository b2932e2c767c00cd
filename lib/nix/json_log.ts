/**
 * nix's log in its internal format: what it would have printed, and what it is at. Pure.
 *
 * Each line is `@nix ` and an object. Its actions are `msg`, and `start`, `result` and `stop` of activities, which are
 * known by numbers that all of nix 2.4 to 2.34, Lix and Determinate's have in common; what is not known is left out, and a
 * line that is none of these is printed as it is.
 *
 * @module
 */
import type { Happening } from "../report/events.ts";

/** What nix is at: what an event tells besides where. */
export type NixActivity = Pick<
  Extract<Happening, { type: "activity" }>,
  "builds" | "fetched" | "names" | "line"
>;

/** Kinds of activities. */
const KIND = { copyPath: 100, transfer: 101, builds: 104, build: 105, fetchTree: 112 } as const;
/** Kinds of results. */
const RESULT = { buildLine: 101, progress: 105, expected: 106, hookLine: 107 } as const;
/** What is printed of activities at nix's usual verbosity. */
const INFO = 3;

/** Activities that are remembered at once: more than any nix has. */
const MOST_OPEN = 10_000;
/** Characters of a line that is printed. */
const LONGEST = 16 * 1024;
const MOST_NAMES = 4;
/** Lines of a build's log that are told when it fails, as nix does, and builds whose lines are remembered. */
const TAIL = 10;
const MOST_TAILS = 200;
// deno-lint-ignore no-control-regex -- nix's colours, which it always uses in this format
const STYLE = /\x1b\[[0-9;]*m/g;

interface Open {
  readonly kind: number;
  readonly name: string;
  /** The derivation, of a build. */
  readonly derivation: string | undefined;
  done: number;
  total: number;
  running: number;
  /** How much it expects of other kinds. */
  readonly expects: Map<number, number>;
}

/** Reads the log of one nix command. */
export class JsonLog {
  readonly #open = new Map<number, Open>();
  /** What ended activities have done, and what open ones expect, by kind. */
  readonly #ended = new Map<number, number>();
  #line: string | undefined;
  /** The last lines of builds, by derivation. */
  readonly #tails = new Map<string, string[]>();
  /** Whether what it is at has changed since it was looked at. */
  changed = false;

  /** With `buildLogs`, what builds print is printed. */
  constructor(readonly buildLogs: boolean = false) {}

  /** Takes a line and returns what nix would have printed for it. */
  lines(line: string): readonly string[] {
    if (!line.startsWith("@nix ")) return [line];
    const event = parse(line.slice(5));
    if (!event) return cutOff(line);
    const { action, id } = event;
    if (action === "msg") return this.#withLog(text(event.msg).split("\n").map(bare));
    if (typeof id !== "number") return [];
    if (action === "start") return this.#start(id, event);
    if (action === "stop") this.#stop(id);
    if (action === "result") return this.#result(id, event);
    return [];
  }

  /** What it is at. */
  get activity(): NixActivity {
    this.changed = false;
    const builds = this.#sum(KIND.builds);
    const running = this.#all(KIND.builds).reduce((sum, one) => sum + one.running, 0);
    const [loaded, copied] = [this.#sum(KIND.transfer), this.#sum(KIND.copyPath)];
    const names = [KIND.build, KIND.copyPath, KIND.fetchTree, KIND.transfer]
      .flatMap((kind) => this.#all(kind)).map(({ name }) => name).filter((name) => name !== "");
    return {
      builds: { ...builds, running },
      fetched: loaded.total > 0 ? loaded : copied,
      names: [...new Set(names)].slice(0, MOST_NAMES),
      ...(this.#line !== undefined && { line: this.#line }),
    };
  }

  /** The bytes that were fetched so far, of what is at work too. */
  get fetched(): number {
    return this.#sum(KIND.transfer).done + this.#sum(KIND.copyPath).done;
  }

  #start(id: number, { type, level, text: said, fields }: Fields): readonly string[] {
    const kind = number(type);
    if (this.#open.size < MOST_OPEN) {
      const [field] = Array.isArray(fields) ? fields : [];
      const name = nameOf(kind, text(field), text(said));
      const derivation = kind === KIND.build ? text(field) : undefined;
      const nothing = { done: 0, total: 0, running: 0 };
      this.#open.set(id, { kind, name, derivation, ...nothing, expects: new Map() });
      this.changed ||= name !== "";
    }
    return number(level) <= INFO && text(said) !== "" ? [`${bare(text(said))}...`] : [];
  }

  #stop(id: number): void {
    const one = this.#open.get(id);
    if (!one) return;
    this.#open.delete(id);
    this.#ended.set(one.kind, (this.#ended.get(one.kind) ?? 0) + one.done);
    this.changed = true;
  }

  #result(id: number, { type, fields }: Fields): readonly string[] {
    const values = Array.isArray(fields) ? fields : [];
    const kind = number(type);
    if (kind === RESULT.buildLine || kind === RESULT.hookLine) {
      const [first] = text(values[0]).split("\n", 1);
      const line = bare(first ?? "");
      const shown = kind === RESULT.hookLine ? `post-build-hook: ${line}` : line;
      if (line.trim() !== "") [this.#line, this.changed] = [shown, true];
      this.#remember(this.#open.get(id)?.derivation, shown);
      return this.buildLogs ? [shown] : [];
    }
    const one = this.#open.get(id);
    if (!one) return [];
    if (kind === RESULT.progress) {
      const [done, total, running] = values.map(number);
      Object.assign(one, { done: done ?? 0, total: total ?? 0, running: running ?? 0 });
      this.changed = true;
    }
    if (kind === RESULT.expected && one.expects.size < 100) {
      one.expects.set(number(values[0]), number(values[1]));
      this.changed = true;
    }
    return [];
  }

  #remember(derivation: string | undefined, line: string): void {
    if (derivation === undefined || this.buildLogs) return;
    const tail = this.#tails.get(derivation) ?? [];
    tail.push(line);
    if (tail.length > TAIL) tail.shift();
    this.#tails.set(derivation, tail);
    if (this.#tails.size <= MOST_TAILS) return;
    const [oldest = ""] = this.#tails.keys();
    this.#tails.delete(oldest);
  }

  /** A message with the last lines of the build that has failed, which nix leaves out in this format. */
  #withLog(lines: readonly string[]): readonly string[] {
    const [first = ""] = lines;
    if (!/^error:/.test(first) || lines.some((line) => /last \d+ log lines/i.test(line))) {
      return lines;
    }
    const all = lines.join("\n");
    const failed = /(?:builder for|Cannot build) '([^'\n]*\.drv)'/.exec(all)?.[1] ?? "";
    const tail = this.#tails.get(failed);
    if (!tail) return lines;
    const log = [`last ${tail.length} log lines:`, ...tail.map((line) => `> ${line}`)];
    return [...lines, ...log.map((line) => `       ${line}`)];
  }

  #all(kind: number): Open[] {
    return [...this.#open.values()].filter((one) => one.kind === kind);
  }

  /** All of a kind: what has ended, what goes on, and what is expected of it. */
  #sum(kind: number): { done: number; total: number } {
    const ended = this.#ended.get(kind) ?? 0;
    let [done, total, expected] = [ended, ended, 0];
    for (const one of this.#open.values()) {
      expected += one.expects.get(kind) ?? 0;
      if (one.kind !== kind) continue;
      done += one.done;
      total += Math.max(one.total, one.done);
    }
    return { done, total: Math.max(total, expected) };
  }
}

type Fields = Readonly<Record<string, unknown>>;

function parse(json: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null ? value as Fields : undefined;
  } catch {
    return undefined;
  }
}

/** Of a line that is no whole object, the message as far as it is there: it may be an error. */
function cutOff(line: string): readonly string[] {
  const begun = /"msg":"((?:[^"\\]|\\.){0,16000})/.exec(line.slice(0, 20_000))?.[1];
  const said = begun === undefined ? undefined : parse(`{"msg":"${begun}"}`)?.msg;
  return said === undefined ? [line.slice(0, LONGEST)] : text(said).split("\n").map(bare);
}

/** What people call what an activity is about: a package with its version, or the last part of an address. */
function nameOf(kind: number, field: string, said: string): string {
  switch (kind) {
    case KIND.build:
    case KIND.copyPath:
      return /\/[0-9a-z]{32}-([^/]{1,211}?)(\.drv)?$/.exec(field)?.[1] ?? "";
    case KIND.transfer: {
      // A login or a token may be in the rest.
      const last = /\/([^/?#@]{1,100})(?:[?#].*)?$/.exec(field)?.[1] ?? "";
      return last === "nix-cache-info" || last.endsWith(".narinfo") ? "" : last;
    }
    case KIND.fetchTree:
      return bare(said).replace(/^fetching /, "").replace(/\/\/[^/\s]*@/, "//").split(/[?\s']/)[0]!
        .slice(0, 60);
    default:
      return "";
  }
}

function text(value: unknown): string {
  return typeof value === "string" ? value.slice(0, 64 * LONGEST) : "";
}

function number(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : 0;
}

function bare(line: string): string {
  return line.replace(STYLE, "").slice(0, LONGEST);
}
