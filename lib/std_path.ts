/**
 * What is used of `@std/path`, by its whole name: a script that imports this module from a checkout or by http has none
 * of the short names of its deno.json.
 *
 * @module
 */
// deno-lint-ignore no-import-prefix
export { basename, dirname, isAbsolute, join, resolve } from "jsr:@std/path@^1.1.6";
