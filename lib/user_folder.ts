/**
 * The user's own folders for what outlives a run.
 *
 * @module
 */
import { isAbsolute, join } from "./std_path.ts";

/**
 * The folder that a variable of the environment names, or else one below the user's home; `undefined` where neither is an
 * absolute path, as in a service that has no home: nothing of a user's may be in a folder that belongs to everybody.
 */
export function userFolder(
  variable: "XDG_STATE_HOME" | "XDG_CACHE_HOME",
  ...belowHome: readonly string[]
): string | undefined {
  const named = Deno.env.get(variable) ?? "";
  if (isAbsolute(named)) return named;
  const home = Deno.env.get("HOME") ?? "";
  return isAbsolute(home) ? join(home, ...belowHome) : undefined;
}
