/**
 * What an option of the command line is, and how it is written down.
 *
 * @module
 */
import type { PlanOptions, Setting } from "./options.ts";

/** What a command line asks for: the options of the install, and what only the command knows. */
export interface Draft {
  options: { -readonly [K in keyof PlanOptions]: PlanOptions[K] };
  /** Every target that was named. */
  hosts: string[];
  /** Go on without asking. */
  yes: boolean;
  /** Show every command that is run. */
  debug: boolean;
  /** Print events as JSON lines. */
  json: boolean;
  /** Log in with the password of the environment. */
  envPassword: boolean;
  /** `--phases` and the deprecated options that stand for one. */
  phases: { readonly flag: string; readonly phases: readonly string[] }[];
  /** `--build-on` and the deprecated option that stands for one. */
  buildOn: { readonly flag: string; readonly value: string }[];
}

/** An option of the command line. */
export interface Declaration {
  /** Its long name, without dashes. */
  readonly name: string;
  /** Its short name, one letter. */
  readonly short?: string;
  /** Names of its values, for the help; none for a switch. */
  readonly values: readonly string[];
  /** Whether it may be given more than once, each time adding to what it was. */
  readonly repeat?: boolean;
  /** Whether a value may begin with a dash. */
  readonly dashes?: boolean;
  readonly group: Group;
  /** One sentence without a period. */
  readonly help: string;
  readonly default?: string;
  /** What to use instead; the option still works, with a notice. */
  readonly deprecated?: string;
  /** Takes the values, as many as `values` has names. */
  readonly take: (draft: Draft, values: readonly string[]) => void;
}

/** The headings of the help. */
export const GROUPS = [
  "What to install",
  "Reaching the target",
  "Installer",
  "Disks",
  "Build",
  "New system",
  "Output",
] as const;

/** A heading of the help. */
export type Group = typeof GROUPS[number];

/** A list with one more item. */
export const append = <T>(
  list: readonly T[] | undefined,
  item: T,
): readonly T[] => [...(list ?? []), item];
/** Two values of an option as a setting. */
export const setting = ([name = "", value = ""]: readonly string[]): Setting => ({ name, value });

/** A switch that sets one option to `value`. */
export function on<K extends keyof PlanOptions>(
  key: K,
  value: PlanOptions[K],
): Declaration["take"] {
  return ({ options }) => {
    (options as Record<string, unknown>)[key] = value;
  };
}

/** An option whose one value is taken as it is; the plan checks it. */
export function text(key: keyof PlanOptions): Declaration["take"] {
  return ({ options }, [value]) => {
    (options as Record<string, unknown>)[key] = value;
  };
}
