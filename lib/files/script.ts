/**
 * Scripts of this machine, for looking at before they are run elsewhere.
 *
 * @module
 */

/** No script is longer than this, in bytes. */
const MAX_SCRIPT = 4 * 1024 * 1024;

/** The text of a script; `undefined` where it is not here or is no text. */
export async function readScript(path: string): Promise<string | undefined> {
  // Asked for first: on a terminal Deno would ask its user in the middle of the work.
  if ((await Deno.permissions.query({ name: "read", path })).state !== "granted") return undefined;
  try {
    const { isFile, size } = await Deno.stat(path);
    if (!isFile || size > MAX_SCRIPT) return undefined;
    const text = await Deno.readTextFile(path);
    return text.includes("\0") ? undefined : text;
  } catch {
    return undefined; // a failed build or copy says it in its own words
  }
}
