/**
 * Options by the names that a caller of the library writes, in texts that have the flags of the command line.
 *
 * @module
 */
import { flagOf, type Option } from "./option.ts";
import { OPTIONS } from "./option_table.ts";
import { UPDATE_TABLE } from "./update_options.ts";

const KEYS: ReadonlyMap<string, string> = new Map(
  [OPTIONS, ...Object.values(UPDATE_TABLE)].flatMap((entries) =>
    Object.entries<Option<unknown>>(entries as never)
  ).flatMap(([key, { usage, default: other, aliases = {}, command }]) => {
    if (usage === undefined || command) return [];
    // The flag of a switch that is on turns it off.
    const name = other === true ? `${key}: false` : key;
    return [[flagOf(usage), name], ...Object.keys(aliases).map((flag) => [flag, key])] as const;
  }) as [string, string][],
);

/** Command lines, which stay as they are. */
const COMMANDS = /(`[^`]*`|nixos-anywhere (?:update )?-.*)/;

/**
 * A message or a hint with the keys of options in the place of their flags. Flags of the command alone, such as `--debug`,
 * and command lines stay.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { withKeys } from "./library_names.ts";
 * assertEquals(withKeys("leave --disk-encryption-keys out"), "leave diskEncryptionKeys out");
 * ```
 */
export function withKeys(text: string): string {
  return text.split(COMMANDS).map((part, at) =>
    at % 2 === 1
      ? part
      : part.replaceAll(/(?<![\w-])--[a-z][a-z0-9-]*[a-z0-9](?![\w-])/g, (flag) =>
        KEYS.get(flag) ?? flag)
  ).join("");
}
