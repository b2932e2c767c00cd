/**
 * The option table: every option of the library and of the command line, below the headings of the help.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { oneOf } from "./checks.ts";
import { type AllEntries, flagOf, type Option, type Settled } from "./option.ts";
import type { PlanOptions } from "./options.ts";
import { SOURCE_OPTIONS } from "./source_options.ts";
import {
  BUILD_OPTIONS,
  DISK_OPTIONS,
  NEW_SYSTEM_OPTIONS,
  OUTPUT_OPTIONS,
} from "./system_options.ts";
import { INSTALLER_OPTIONS, REACH_OPTIONS } from "./target_options.ts";

/** Options below headings. */
export type OptionTable = Readonly<Record<string, Readonly<Record<string, Option<unknown>>>>>;

/** Every option below its heading, in the order of the help. */
export const OPTION_TABLE = {
  "What to install": SOURCE_OPTIONS,
  "Reaching the target": REACH_OPTIONS,
  "Installer": INSTALLER_OPTIONS,
  "Disks": DISK_OPTIONS,
  "Build": BUILD_OPTIONS,
  "New system": NEW_SYSTEM_OPTIONS,
  "Output": OUTPUT_OPTIONS,
} as const satisfies OptionTable;

/** Every option by its key. */
export const OPTIONS = {
  ...SOURCE_OPTIONS,
  ...REACH_OPTIONS,
  ...INSTALLER_OPTIONS,
  ...DISK_OPTIONS,
  ...BUILD_OPTIONS,
  ...NEW_SYSTEM_OPTIONS,
  ...OUTPUT_OPTIONS,
} as const satisfies AllEntries;

/**
 * Checks each option and fills in the defaults. An option that is `undefined` is as good as absent. Throws a
 * {@linkcode UsageError} on the first value that its entry refuses.
 */
export function settle<E extends object = typeof OPTIONS, O extends object = PlanOptions>(
  options: O,
  entries: E = OPTIONS as unknown as E,
): Settled<E, O> {
  const all = Object.entries<Option<unknown>>(entries as never).map(([key, entry]) => {
    const value = (options as Readonly<Record<string, unknown>>)[key] ?? entry.default;
    if (value === undefined) return [key, undefined];
    const name = entry.usage ? flagOf(entry.usage) : key;
    if (entry.choices) oneOf(name, value, entry.choices);
    return [key, entry.check ? entry.check(value, name) : value];
  });
  return Object.fromEntries(all);
}

type Key = keyof PlanOptions;

/** Throws a {@linkcode UsageError} if two options contradict each other. */
export function refuseConflicts(options: PlanOptions | Record<string, unknown>): void {
  for (const [key, { conflicts = {} }] of Object.entries<Option<unknown>>(OPTIONS as never)) {
    if (!isGiven(options, key as Key)) continue;
    for (const [other, [text, hint, only]] of Object.entries(conflicts)) {
      if (!isGiven(options, other as Key)) continue;
      const value = (options as Record<string, unknown>)[other];
      const contradicts = typeof only === "function"
        ? (only as (value: unknown) => boolean)(value)
        : only === undefined || value === only;
      if (contradicts) throw new UsageError(text, { hint });
    }
  }
}

/** Whether an option says something: a switch that is not as by default, a list that is not empty. */
function isGiven(options: object, key: Key): boolean {
  const [value, entry] = [(options as PlanOptions)[key], OPTIONS[key] as Option<unknown>];
  if (Array.isArray(value)) return value.length > 0;
  return value !== undefined && !(typeof value === "boolean" && value === entry.default);
}
