/**
 * What an entry of the option table says. Parsing, checks, defaults, conflicts, `--help` and README's reference
 * are made from the entries.
 *
 * @module
 */
import type { PlanOptions } from "./options.ts";

/** What the command alone can be told. */
export interface CommandOptions {
  /** Whether to go on without asking. */
  readonly yes: boolean;
  /** Whether to log in with the password of the environment. */
  readonly envPassword: boolean;
  /** sudo's password on the target. */
  readonly sudoPassword?: string;
  /** The passphrase for what disko encrypts. */
  readonly diskPassphrase?: string;
  /** Whether to show every command that is run. */
  readonly debug: boolean;
  /** Whether to print events as JSON lines. */
  readonly json: boolean;
  /** Whether only warnings, questions, errors and the last line are printed. */
  readonly quiet: boolean;
  /** The file that everything is written to. */
  readonly log?: string;
  /** Whether only the help is wanted. */
  readonly help: boolean;
  /** Whether only the version is wanted. */
  readonly version: boolean;
  /** Nothing: the bash tool had it. */
  readonly tty: boolean;
}

/** A flag and the placeholders of its values, as the help prints them: `-f, --flake URI#NAME`. */
export type Usage = `--${string}` | `-${string}, --${string}`;

/** How a shell completes a value: with files, names that are asked for when they are wanted, or one of these words. */
export type Completes =
  | "file"
  | "folder"
  | "host"
  | "flake"
  | "phases"
  | readonly string[];

/** One option. */
export interface Option<T> {
  /** How it is given on a command line. Default: only the library or the environment gives it */
  readonly usage?: Usage;
  /** One sentence without a period. */
  readonly help: string;
  /** The value for the words behind the flag. Default: the word; for a switch, what is not the default */
  read?(...words: string[]): T;
  /** One value for all that the command line gives. Default: the last one */
  combine?(given: readonly Given<T>[]): T;
  /** The values it may have. Default: any */
  readonly choices?: readonly T[];
  /**
   * Checks a value, a caller's as well as a command line's, and returns what the plan makes of it. `name` is how
   * messages name the option.
   */
  check?(value: T, name: string): unknown;
  /** The value where none is given. Default: none */
  readonly default?: T;
  /** How the help says what happens where none is given. Default: the text of `default` */
  readonly defaultText?: string;
  /** Options that it cannot stand beside. */
  readonly conflicts?: Conflicts;
  /** Deprecated flags that each stand for one value of it. */
  readonly aliases?: { readonly [flag: `--${string}`]: T };
  /** Whether a value may begin with a dash. */
  readonly dashes?: true;
  /** Whether a word without a flag is a value of it. */
  readonly positional?: true;
  /** How a shell completes each of its values. Default: with `choices`, or by what the placeholder is called */
  readonly completes?: readonly Completes[];
  /** Variables of the environment that hold the value; the help names the first. */
  readonly variables?: readonly string[];
  /** What to use in place of a deprecated option; it still works, with a notice. */
  readonly deprecated?: string;
  /** Whether the command alone has it: it is no option of the library. */
  readonly command?: true;
}

/** A value as a command line gives it. */
export interface Given<T> {
  /** The flag, `--phases`. */
  readonly flag: string;
  readonly value: T;
}

/** The message and the hint by the key of the other option; with a third, only that value of it contradicts. */
export type Conflicts =
  & {
    readonly [K in keyof PlanOptions]?: readonly [
      text: string,
      hint: string,
      only?: PlanOptions[K],
    ];
  }
  & {
    readonly [K in keyof CommandOptions]?: readonly [
      text: string,
      hint: string,
      only?: CommandOptions[K],
    ];
  };

/** An entry for each option of `O`; of a union, which options cannot stand together, as well. */
export type Entries<O> = { readonly [K in KeyOf<O>]: Option<NonNullable<O[K]>> };
type KeyOf<O> = Extract<keyof O, string>;

/**
 * Some entries of the table. That PlanOptions is an interface which the table must match, and is not made from it,
 * keeps the documentation of each option in `deno doc`; an entry without a member there does not compile.
 */
export type SomeEntries = Partial<AllEntries>;

/** Every entry of the table. */
export type AllEntries =
  & Entries<PlanOptions>
  & { readonly [K in keyof CommandOptions]-?: CommandOption<NonNullable<CommandOptions[K]>> };

/** One option of the command alone. */
export interface CommandOption<T> extends Option<T> {
  readonly command: true;
}

/** What a plan takes of each option: what its check returns, or the value itself. */
export type Settled<E, O> = {
  readonly [K in keyof E & keyof O]:
    | (E[K] extends { check(...given: never[]): infer Checked } ? Checked : NonNullable<O[K]>)
    | (E[K] extends { readonly default: unknown } ? never : undefined);
};

/** The name of a flag, `--flake`. */
export function flagOf(usage: Usage): string {
  return /--[a-z0-9-]+/.exec(usage)?.[0] ?? usage;
}

/** A switch that is off until its flag is given. */
export function off(usage: Usage, help: string): { usage: Usage; help: string; default: false } {
  return { usage, help, default: false };
}

/** A switch that is on until its flag is given. */
export function on(usage: Usage, help: string): { usage: Usage; help: string; default: true } {
  return { usage, help, default: true };
}
