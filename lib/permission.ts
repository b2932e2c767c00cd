/**
 * What Deno lets us run, asked before it is needed.
 *
 * @module
 */

/** Whether Deno lets us run a program; asked for first, since on a terminal it would ask its user in the middle of the work. */
export async function isPermitted(command: string): Promise<boolean> {
  return (await Deno.permissions.query({ name: "run", command })).state === "granted";
}

/**
 * Throws what Deno would throw later where we may not run a program that the work ends with; on a terminal Deno asks its
 * user now.
 */
export async function mustBePermitted(command: string): Promise<void> {
  if ((await Deno.permissions.request({ name: "run", command })).state === "granted") return;
  throw new Deno.errors.NotCapable(
    `Requires run access to "${command}", run again with the --allow-run flag`,
  );
}
