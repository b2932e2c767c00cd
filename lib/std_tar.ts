/**
 * What is used of `@std/tar`, by its whole name, as in `std_path.ts`.
 *
 * @module
 */
// deno-lint-ignore no-import-prefix
export { TarStream, type TarStreamInput } from "jsr:@std/tar@^0.1.10";
// deno-lint-ignore no-import-prefix
export { UntarStream } from "jsr:@std/tar@^0.1.10/untar-stream";
