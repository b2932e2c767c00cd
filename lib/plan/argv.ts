/**
 * Reading a command line.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { UsageError } from "../errors.ts";
import { DECLARATIONS } from "./declarations.ts";
import type { Declaration, Draft } from "./declare.ts";
import type { BuildOn, PlanOptions } from "./options.ts";
import { parsePhases, PHASES } from "./phases.ts";

/** What a command line asks for. */
export interface CommandLine {
  readonly options: PlanOptions;
  readonly yes: boolean;
  readonly debug: boolean;
  readonly json: boolean;
  readonly envPassword: boolean;
  /** Lines for options that have a successor. */
  readonly notices: readonly string[];
}

/**
 * Reads the words of a command line. Checks the words only: which options there are, and how many values
 * each has; what the values mean is the plan's to check. Throws a {@linkcode UsageError} on the first word
 * that is wrong.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseCommandLine } from "./argv.ts";
 * const { options } = parseCommandLine(["-f", ".#web", "root@203.0.113.7"]);
 * assertEquals(options, { flake: ".#web", host: "root@203.0.113.7" });
 * ```
 */
export function parseCommandLine(words: readonly string[]): CommandLine {
  const keys = DECLARATIONS.map(keyOf);
  // parseArgs knows no option with two values and reads a missing value as "": each option reaches it as
  // one word, with all its values in JSON.
  const parsed = parseArgs([...oneWordEach(words)], { string: ["_", ...keys], collect: keys });
  const draft: Draft = {
    options: {},
    hosts: parsed._.map(String),
    yes: false,
    debug: false,
    json: false,
    envPassword: false,
    phases: [],
    buildOn: [],
  };
  const notices: string[] = [];
  for (const declaration of DECLARATIONS) {
    const given = (parsed as Record<string, unknown>)[keyOf(declaration)] as
      | string[]
      | undefined;
    for (const values of given ?? []) declaration.take(draft, JSON.parse(values) as string[]);
    if (declaration.deprecated && given && given.length > 0) {
      notices.push(`--${declaration.name} is deprecated: use ${declaration.deprecated}`);
    }
  }
  const { hosts, phases, buildOn, options, ...rest } = draft;
  settleHost(options, hosts);
  settlePhases(options, phases);
  settleBuildOn(options, buildOn);
  return { ...rest, options, notices };
}

/** Whether `--help` or `--version` stands on a command line, before any `--`, as more than a value. */
export function wantsOnly(words: readonly string[]): "help" | "version" | undefined {
  let version = false;
  for (let at = 0; at < words.length && words[at] !== "--"; at++) {
    const word = words[at] ?? "";
    if (word === "--help" || word === "-h") return "help";
    version ||= word === "--version";
    const declaration = DECLARATIONS.find((one) => isFlag(word, one));
    if (!declaration?.dashes) continue;
    for (let left = declaration.values.length; left > 0 && isDashed(words[at + 1]); left--) at++;
  }
  return version ? "version" : undefined;
}

function isFlag(word: string, { name, short }: Declaration): boolean {
  return word === `--${name}` || (short !== undefined && word === `-${short}`);
}

/**
 * Whether a word can be the value of an option whose values may begin with a dash: `-s` and `--debug` are
 * flags of kexec, while `--flake` behind such an option means that its value was forgotten.
 */
function isDashed(word = "--"): boolean {
  if (!word.startsWith("--") || word === "--debug") return true;
  const [flag] = word.split("=");
  return word !== "--" && !DECLARATIONS.some(({ name }) => flag === `--${name}`);
}

/** The name of an option for parseArgs, which takes `--no-x=…` for `--x=…`: so none begins with `no-`. */
function keyOf({ name }: Declaration): string {
  return `option-${name}`;
}

/** Rewrites `-x a b` and `--name a b` to `--option-name=["a","b"]`; other words go behind a `--`. */
function* oneWordEach(words: readonly string[]): Generator<string> {
  const others: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    if (word === "--") {
      others.push(...words.slice(at + 1));
      break;
    }
    if (!word.startsWith("-") || word === "-") {
      others.push(word);
      continue;
    }
    const equals = word.startsWith("--") ? word.indexOf("=") : -1;
    const declaration = find(equals < 0 ? word : word.slice(0, equals));
    const { name, values } = declaration;
    const taken = equals < 0 ? [] : [word.slice(equals + 1)];
    if (taken.length > values.length) {
      throw new UsageError(`--${name} takes no value`, { hint: `write --${name} alone` });
    }
    while (taken.length < values.length) taken.push(value(declaration, word, words[++at]));
    yield `--${keyOf(declaration)}=${JSON.stringify(taken)}`;
  }
  yield "--";
  yield* others;
}

function find(flag: string): Declaration {
  const found = DECLARATIONS.find((one) => isFlag(flag, one));
  if (found) return found;
  const close = DECLARATIONS.find(({ name, deprecated }) =>
    !deprecated && name.startsWith(flag.replace(/^-+/, ""))
  );
  throw new UsageError(`unknown option ${JSON.stringify(flag)}`, {
    hint: close && flag.length > 3 ? `did you mean --${close.name}? See --help` : "see --help",
  });
}

function value(
  { name, short, values, dashes }: Declaration,
  given: string,
  word: string | undefined,
): string {
  const isOption = word !== undefined && word.startsWith("-") && word !== "-";
  if (word !== undefined && (dashes ? isDashed(word) : !isOption)) return word;
  const flag = given === `-${short}` ? given : `--${name}`;
  const wanted = values.length === 1 ? "a value" : `${values.length} values`;
  throw new UsageError(`${flag} needs ${wanted}: ${values.join(" ")}`, {
    hint: `write ${flag} ${values.join(" ")}${
      isOption && word !== "--" ? `, or --${name}=VALUE if it begins with a dash` : ""
    }`,
  });
}

function settleHost(options: Draft["options"], hosts: readonly string[]): void {
  const [first, second] = hosts;
  if (second !== undefined) {
    throw new UsageError(
      `two targets are named: ${JSON.stringify(first)} and ${JSON.stringify(second)}`,
      {
        hint: "name one target; put quotes around values with spaces",
      },
    );
  }
  if (first !== undefined) options.host = first;
}

function settlePhases(options: Draft["options"], given: Draft["phases"]): void {
  let settled: readonly string[] | undefined;
  for (const { flag, phases } of given) {
    const now = parsePhases(phases);
    // --stop-after-disko and --no-reboot each take phases away, so both can hold at once.
    const both = settled &&
      PHASES.filter((phase) => settled?.includes(phase) && now.includes(phase));
    if (
      given.some((other) =>
        other.flag === "--phases" && String(parsePhases(other.phases)) !== String(now)
      )
    ) {
      throw new UsageError(
        flag === "--phases"
          ? "--phases is given twice, with other phases"
          : `--phases and ${flag} contradict each other`,
        {
          hint: "give --phases once, with all the phases to run",
        },
      );
    }
    settled = both ?? now;
  }
  if (settled) options.phases = settled;
}

function settleBuildOn(options: Draft["options"], given: Draft["buildOn"]): void {
  const [first, ...others] = given;
  const other = others.find(({ value }) => value !== first?.value);
  if (first && other) {
    const flags = other.flag === first.flag ? first.flag : `${first.flag} and ${other.flag}`;
    const places = [first.value, other.value].map((value) => JSON.stringify(value)).join(" and ");
    throw new UsageError(`${flags} contradict each other: ${places}`, {
      hint: "give --build-on once",
    });
  }
  if (first) options.buildOn = first.value as BuildOn;
}
