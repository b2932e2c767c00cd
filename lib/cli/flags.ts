/**
 * The flags of the command line, as the option table has them.
 *
 * @module
 */
import type { Completes, Option } from "../plan/option.ts";
import { OPTION_TABLE, type OptionTable } from "../plan/option_table.ts";

/** One flag. */
export interface Flag {
  /** The key of its option. */
  readonly key: string;
  /** As the help prints it: `-f, --flake URI#NAME`. */
  readonly usage: string;
  /** Its long name, `--flake`. */
  readonly name: string;
  /** Its short name, `-f`. */
  readonly short: string | undefined;
  /** The placeholders of its values; none for a switch. */
  readonly values: readonly string[];
  /** How a shell completes each of its values. */
  readonly completes: readonly Completes[];
  /** Whether it may be given more than once. */
  readonly repeats: boolean;
  /** Whether a value may begin with a dash. */
  readonly dashes: boolean;
  /** What it does, and what happens without it. */
  readonly meaning: string;
  /** What to use in its place. */
  readonly deprecated: string | undefined;
  /** The option's value for the words behind the flag. */
  readonly read: (words: readonly string[]) => unknown;
}

/** What a value is by its placeholder. */
const PLACEHOLDERS: Readonly<Record<string, Completes>> = {
  FILE: "file",
  "FILE|URL": "file",
  DIR: "folder",
  HOST: "host",
  "URI#NAME": "flake",
};

/** The flags of options below one heading, in the order of the help: the deprecated ones come last. */
export function flagsOf(options: OptionTable[string]): readonly Flag[] {
  const flags = Object.entries(options).flatMap(([key, option]) => flagsOfOption(key, option));
  return flags.toSorted((a, b) => Number(!!a.deprecated) - Number(!!b.deprecated));
}

/** Every flag. */
export const FLAGS: readonly Flag[] = Object.values(OPTION_TABLE).flatMap(flagsOf);

function flagsOfOption(key: string, option: Option<unknown>): Flag[] {
  const { usage, help, read = (word) => word ?? !option.default, deprecated, aliases = {} } =
    option;
  if (usage === undefined) return [];
  const [short] = /^-[a-zA-Z](?=, )/.exec(usage) ?? [];
  const [name = "", ...values] = usage.slice(usage.indexOf("--")).split(" ");
  const meaning = `${deprecated ? "deprecated: " : ""}${help}${defaultOf(option)}`;
  const completes = values.map((value, at) => completionOf(value, at, option));
  const repeats = option.combine !== undefined;
  const flag = {
    key,
    usage,
    name,
    short,
    values,
    completes,
    repeats,
    dashes: option.dashes ?? false,
  };
  return [
    { ...flag, meaning, deprecated, read: (words) => read(...words) },
    ...Object.entries(aliases).map(([alias, value]): Flag => {
      const deprecated = `${name} ${value}`;
      const meaning = `deprecated: the same as ${deprecated}`;
      const own = {
        usage: alias,
        name: alias,
        short: undefined,
        values: [],
        completes: [],
        repeats,
        dashes: false,
      };
      return { key, ...own, meaning, deprecated, read: () => value };
    }),
  ];
}

function completionOf(value: string, at: number, option: Option<unknown>): Completes {
  return option.completes?.[at] ?? option.choices?.map(String) ?? PLACEHOLDERS[value] ?? [];
}

/** What the help says of a default; of a switch it is what the flag is not. */
function defaultOf({ default: value, defaultText }: Option<unknown>): string {
  const plain = ["string", "number"].includes(typeof value) || Array.isArray(value);
  const text = defaultText ?? (plain ? String(value) : "");
  return text === "" ? "" : ` (default: ${text})`;
}
