/**
 * Host keys as people see them, and as known_hosts files keep them.
 *
 * @module
 */
import { InstallError } from "../errors.ts";
import { dirname } from "../std_path.ts";
import { run } from "../process.ts";

/** What known_hosts files call a target. */
export interface KnownAs {
  /** The name that ssh connects to. */
  readonly hostname: string;
  /** The port that ssh connects to. */
  readonly port: number;
  /** The name that stands for both of them, where the user says so (`HostKeyAlias`). */
  readonly alias?: string | undefined;
  /** The user's known_hosts files. */
  readonly known: readonly string[];
}

/**
 * The fingerprint of a public host key `TYPE BASE64`, as `ssh-keygen -l` prints it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { fingerprint } from "./known_hosts.ts";
 * assertEquals(
 *   await fingerprint("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB+HJz6ReFjNWAz6HdwX2SIvOX8lXCnD283390Je5uQX"),
 *   "SHA256:TJTdbA1gTIY0mxR1kjy1KC0prwlL2XgpchnzwjF1GzA",
 * );
 * ```
 */
export async function fingerprint(key: string): Promise<string> {
  const blob = Uint8Array.fromBase64(key.split(" ")[1] ?? "");
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", blob));
  return `SHA256:${digest.toBase64().replace(/=+$/, "")}`;
}

/**
 * Puts host keys in place of all that a known_hosts file has for a target; returns the file's path, or nothing where
 * the user keeps no host keys: in no file, or in a device such as `/dev/null`. By `ssh-keygen -R`, which finds hashed
 * names too and keeps the old file beside it as `.old`.
 *
 * Throws an {@linkcode InstallError} if the file cannot be written.
 */
export async function replaceHostKeys(
  where: KnownAs,
  keys: readonly string[],
  file?: string,
): Promise<string | undefined> {
  const path = file ?? where.known[0];
  if (path === undefined) return undefined;
  const address = where.port === 22 ? where.hostname : `[${where.hostname}]:${where.port}`;
  const name = where.alias ?? address;
  const text = keys.map((key) => `${name} ${key}\n`).join("");
  try {
    const info = await Deno.stat(path).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
    if (info?.isDirectory) throw new Error("it is a folder");
    if (info && !info.isFile) return undefined;
    if (info) {
      await run(["ssh-keygen", "-R", name, "-f", path], { timeout: 30_000 });
      // With a mode, Deno would change that of a file that is there.
      await Deno.writeTextFile(path, text, { append: true });
    } else {
      // As ssh makes them.
      await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await Deno.writeTextFile(path, text, { createNew: true, mode: 0o600 });
    }
    return path;
  } catch (cause) {
    throw new InstallError(`cannot write the new host keys to ${JSON.stringify(path)}`, {
      hint: `the system is installed; run ssh-keygen -R '${name}' and log in again`,
      cause,
    });
  }
}
