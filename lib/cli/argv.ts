/**
 * Reading a command line.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { didYouMean } from "../near.ts";
import type { CommandOptions, Given } from "../plan/option.ts";
import { OPTION_TABLE, type OptionTable, refuseConflicts } from "../plan/option_table.ts";
import type { PlanOptions } from "../plan/options.ts";
import { type Flag, FLAGS, flagsOf } from "./flags.ts";

/** What a command line asks for. */
export interface CommandLine<O = PlanOptions> extends CommandOptions {
  /** The options of the install. That no two contradict each other is the plan's to check. */
  readonly options: O;
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
export function parseCommandLine<O = PlanOptions>(
  words: readonly string[],
  table: OptionTable = OPTION_TABLE,
): CommandLine<O> {
  const flags = Object.values(table).flatMap(flagsOf);
  // In the order of the table, whatever order the words have; those without a flag first.
  const all = [...readWords(words, flags)]
    .toSorted((a, b) => flags.indexOf(a.of as Flag) - flags.indexOf(b.of as Flag));
  const options: Record<string, unknown> = {};
  const command: Record<string, unknown> = {};
  for (const [key, option] of Object.values(table).flatMap((one) => Object.entries(one))) {
    const given = all.filter(({ of }) => of ? of.key === key : option.positional);
    const value = given.length > 1 && option.combine ? option.combine(given) : given.at(-1)?.value;
    if (option.command) command[key] = value ?? option.default;
    else if (value !== undefined) options[key] = value;
  }
  refuseConflicts(command);
  const notices = flags.filter((flag) => flag.deprecated && all.some(({ of }) => of === flag))
    .map(({ name, deprecated }) => `${name} is deprecated: use ${deprecated}`);
  return { ...command, options, notices } as unknown as CommandLine<O>;
}

/** Whether `--help` or `--version` stands on a command line, before any `--`, as more than a value. */
export function wantsOnly(
  words: readonly string[],
  table?: OptionTable,
): "help" | "version" | undefined {
  const flags = table ? Object.values(table).flatMap(flagsOf) : FLAGS;
  let version = false;
  for (const word of flagWords(words, flags)) {
    if (word === "--help" || word === "-h") return "help";
    version ||= word === "--version";
  }
  return version ? "version" : undefined;
}

/** Whether `--json` stands on a command line that may have mistakes elsewhere. */
export function wantsJson(words: readonly string[], table?: OptionTable): boolean {
  const flags = table ? Object.values(table).flatMap(flagsOf) : FLAGS;
  return flagWords(words, flags).some((word) => word === "--json");
}

/** The words before any `--` that are no values that may begin with a dash. */
function* flagWords(
  words: readonly string[],
  flags: readonly Flag[],
): Generator<string, void, undefined> {
  for (let at = 0; at < words.length && words[at] !== "--"; at++) {
    const word = words[at] ?? "";
    yield word;
    const flag = flags.find((one) => isFlag(word, one));
    if (!flag?.dashes) continue;
    for (let left = flag.values.length; left > 0 && isDashed(words[at + 1], flags); left--) at++;
  }
}

function isFlag(word: string, { name, short }: Flag): boolean {
  return word === name || word === short;
}

/**
 * Whether a word can be the value of an option whose values may begin with a dash: `-s` and `--debug` are
 * flags of kexec, while `--flake` behind such an option means that its value was forgotten.
 */
function isDashed(word = "--", flags: readonly Flag[]): boolean {
  if (!word.startsWith("--") || word === "--debug") return true;
  const [flag] = word.split("=");
  return word !== "--" && !flags.some(({ name }) => flag === name);
}

/** The values of each flag, as its option has them, and the words that belong to none. */
function* readWords(
  words: readonly string[],
  flags: readonly Flag[],
): Generator<Given<unknown> & { readonly of?: Flag }> {
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    if (word === "--") return yield* words.slice(at + 1).map((value) => ({ flag: "", value }));
    if (!word.startsWith("-") || word === "-") {
      yield { flag: "", value: word };
      continue;
    }
    const equals = word.startsWith("--") ? word.indexOf("=") : -1;
    const flag = find(equals < 0 ? word : word.slice(0, equals), flags);
    const { name, values } = flag;
    const taken = equals < 0 ? [] : [word.slice(equals + 1)];
    if (taken.length > values.length) {
      throw new UsageError(`${name} takes no value`, { hint: `write ${name} alone` });
    }
    while (taken.length < values.length) taken.push(nextValue(flag, word, words[++at], flags));
    yield { flag: name, of: flag, value: flag.read(taken) };
  }
}

function find(word: string, flags: readonly Flag[]): Flag {
  const found = flags.find((flag) => isFlag(word, flag));
  if (found) return found;
  const names = flags.toSorted((a, b) => Number(!!a.deprecated) - Number(!!b.deprecated))
    .map(({ name }) => name);
  const bare = `--${word.replace(/^-+/, "")}`;
  // One that was cut short, or written with one dash, before one with other letters.
  const begun = word.length > 3 ? names.find((name) => name.startsWith(bare)) : undefined;
  throw new UsageError(`unknown option ${JSON.stringify(word)}`, {
    hint: begun ? `did you mean ${begun}? See --help` : didYouMean(bare, names, "see --help"),
  });
}

function nextValue(
  { name, short, values, dashes }: Flag,
  given: string,
  word: string | undefined,
  flags: readonly Flag[],
): string {
  const isOption = word !== undefined && word.startsWith("-") && word !== "-";
  if (word !== undefined && (dashes ? isDashed(word, flags) : !isOption)) return word;
  const flag = given === short ? short : name;
  const wanted = values.length === 1 ? "a value" : `${values.length} values`;
  throw new UsageError(`${flag} needs ${wanted}: ${values.join(" ")}`, {
    hint: `write ${flag} ${values.join(" ")}${
      isOption && word !== "--" ? `, or ${name}=VALUE if it begins with a dash` : ""
    }`,
  });
}
