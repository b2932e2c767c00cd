/**
 * What the command takes from its environment.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { OPTIONS } from "../plan/option_table.ts";
import { isAbsolute, resolve } from "../std_path.ts";

/** What the environment held; the password to log in with only where the user asked for that. */
export type Environment = Readonly<
  Record<
    "privateKey" | "password" | "sudoPassword" | "diskPassphrase" | "noCheck",
    string | undefined
  >
>;

/** Reads the environment, and makes it what children are to inherit: without the secrets, and with a TMPDIR that can be used. */
export function takeEnvironment(
  { envPassword }: { readonly envPassword: boolean },
): Environment {
  settleTemporary();
  const given = take(OPTIONS.password);
  const password = envPassword ? given : undefined;
  const sudoPassword = take(OPTIONS.sudoPassword) ?? password;
  const privateKey = take(OPTIONS.privateKey);
  // Permissions that were given for an earlier version of this command do not name it.
  const [variable] = OPTIONS.diskPassphrase.variables;
  const mayTake = Deno.permissions.querySync({ name: "env", variable });
  const diskPassphrase = mayTake.state === "granted" ? take(OPTIONS.diskPassphrase) : undefined;
  if (envPassword && password === undefined) {
    const names = OPTIONS.password.variables;
    throw new UsageError(`--env-password: neither ${names.join(" nor ")} holds a password`, {
      hint: `put the password into the variable ${names[0]}`,
    });
  }
  const noCheck = Deno.env.get(OPTIONS.noCheck.variables[0]);
  return { privateKey, password, sudoPassword, diskPassphrase, noCheck };
}

/** The first of the variables that holds something; all are gone then. */
function take({ variables }: { readonly variables: readonly string[] }): string | undefined {
  const [first] = variables.flatMap((name) => {
    const value = Deno.env.get(name);
    if (value !== undefined) Deno.env.delete(name);
    return value ? [value] : [];
  });
  return first;
}

/**
 * Temporary files go to no folder of the user's by mistake: an empty TMPDIR is none, as for other programs, and a relative
 * one is the same folder for all children.
 */
function settleTemporary(): void {
  const { state } = Deno.permissions.querySync({ name: "env", variable: "TMPDIR" });
  const folder = state === "granted" ? Deno.env.get("TMPDIR") : undefined;
  if (folder === "") Deno.env.delete("TMPDIR");
  else if (folder !== undefined && !isAbsolute(folder)) Deno.env.set("TMPDIR", resolve(folder));
}
