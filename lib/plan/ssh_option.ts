/**
 * Options for ssh, as a user writes them.
 *
 * @module
 */
import { UsageError } from "../errors.ts";

/**
 * Checks an ssh option, `KEY=VALUE` or `KEY VALUE`, and returns it as a line of an ssh config. Throws a
 * {@linkcode UsageError} on what is none, or would change which hosts the lines behind it are for.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { sshOptionLine } from "./ssh_option.ts";
 * assertEquals(sshOptionLine("ConnectTimeout=5"), "ConnectTimeout 5");
 * ```
 */
export function sshOptionLine(option: string): string {
  const match = /^[ \t]*([A-Za-z][A-Za-z0-9]*)(?:[ \t]*=[ \t]*|[ \t]+)([^\s\p{Cc}][^\p{Cc}]*)$/u
    .exec(option);
  if (!match || /^(host|match|include)$/i.test(match[1] ?? "")) {
    throw new UsageError(`--ssh-option ${JSON.stringify(option)} is no ssh option`, {
      hint: "write KEY=VALUE, as for ssh -o; ssh_config(5) lists the keys",
    });
  }
  return `${match[1]} ${match[2]}`;
}
