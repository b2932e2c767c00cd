/**
 * What every error is that this module throws on purpose.
 *
 * @module
 */

/**
 * The base of every error thrown on purpose; catch this one to tell them from bugs.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { InstallError } from "./install_error.ts";
 * const error = new InstallError("web: no disk", { hint: "plug one in" });
 * assertEquals([error.name, error.hint], ["InstallError", "plug one in"]);
 * ```
 */
export class InstallError extends Error {
  /** What to do next, one sentence. */
  readonly hint: string;

  /** Makes an error of `message` with its hint and, where there is one, its cause. */
  constructor(message: string, options: ErrorOptions & { readonly hint: string }) {
    super(message, options);
    this.name = new.target.name;
    this.hint = options.hint;
  }
}
