/**
 * Paths in nix's store.
 *
 * @module
 */
import { UsageError } from "../errors.ts";

/** The path of one object in a nix store, `/nix/store/HASH-NAME`. Made by {@linkcode storePath}. */
export type StorePath = string & { readonly __brand: "StorePath" };

// nix's own grammar: 32 characters of its base 32, a dash, and up to 211 of these.
const SHAPE = /^\/nix\/store\/[0-9abcdfghijklmnpqrsvwxyz]{32}-[0-9A-Za-z+\-._?=]{1,211}$/;

/**
 * Whether `text` is a store path, and nothing but that.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { isStorePath } from "./store_path.ts";
 * assert(isStorePath("/nix/store/0c8v6a1qzvlkn1rhkd5czbjl0ssbk5ss-x"));
 * assert(!isStorePath("/nix/store/x"));
 * ```
 */
export function isStorePath(text: string): text is StorePath {
  return SHAPE.test(text);
}

/**
 * Checks that `text` is the path of an object in a nix store; throws a {@linkcode UsageError} if not.
 *
 * @example
 * ```ts
 * import { storePath } from "@nixos-anywhere/deno";
 * const system = storePath("/nix/store/0c8v6a1qzvlkn1rhkd5czbjl0ssbk5ss-nixos-system-web");
 * ```
 */
export function storePath(text: string, name = "store path"): StorePath {
  if (isStorePath(text)) return text;
  throw new UsageError(`${name}: ${JSON.stringify(text)} is no store path`, {
    hint: "a store path looks like /nix/store/<32 characters>-<name>, without anything behind it",
  });
}
