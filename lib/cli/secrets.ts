/**
 * What the command takes from its environment.
 *
 * @module
 */
import { UsageError } from "../errors.ts";

/** Secrets that the environment held. */
export interface Secrets {
  readonly privateKey: string | undefined;
  /** The password to log in with, where the user asked for that. */
  readonly password: string | undefined;
  /** sudo's password on the target. */
  readonly sudo: string | undefined;
  /** The passphrase for the new disks. */
  readonly disk: string | undefined;
}

/** Takes the secrets out of the environment, so that no child inherits them. */
export function takeSecrets({ envPassword }: { readonly envPassword: boolean }): Secrets {
  const take = (name: string) => {
    const value = Deno.env.get(name);
    if (value !== undefined) Deno.env.delete(name);
    return value === "" ? undefined : value;
  };
  const [first, second] = [take("SSHPASS"), take("SSH_PASS")];
  const given = first ?? second;
  const password = envPassword ? given : undefined;
  const sudo = take("SUDO_PASSWORD") ?? password;
  const privateKey = take("SSH_PRIVATE_KEY");
  // Permissions that were given for an earlier version of this command do not name it.
  const mayTake = Deno.permissions.querySync({ name: "env", variable: "DISK_PASSPHRASE" });
  const disk = mayTake.state === "granted" ? take("DISK_PASSPHRASE") : undefined;
  if (envPassword && password === undefined) {
    throw new UsageError("--env-password: neither SSHPASS nor SSH_PASS holds a password", {
      hint: "put the password into the variable SSHPASS",
    });
  }
  return { privateKey, password, sudo, disk };
}
