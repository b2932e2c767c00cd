/**
 * What lets us back into an installer that we booted: kept in the user's state folder from before the boot
 * until the whole install has succeeded, readable by the user alone.
 *
 * @module
 */
import { join } from "@std/path";

/** What is kept of an installer. */
export interface Kept {
  /** The host keys that it has to show, each `TYPE BASE64`. */
  readonly hostKeys: readonly string[];
  /** The fingerprint of one more. */
  readonly fingerprint: string | undefined;
  /** The key that logs root in, where none of the user's own does. */
  readonly privateKey?: string;
}

/** Keeps what lets us back in to `host`, written aside and renamed; returns the file's path. */
export async function keep(host: string, kept: Kept): Promise<string> {
  const path = keptPath(host);
  await Deno.mkdir(folder(), { recursive: true, mode: 0o700 });
  const aside = `${path}.${crypto.randomUUID()}`;
  await Deno.writeTextFile(aside, JSON.stringify(kept), { mode: 0o600, createNew: true });
  await Deno.rename(aside, path);
  return path;
}

/** What is kept of `host`, if anything is that can be read. */
export async function readKept(host: string): Promise<Kept | undefined> {
  try {
    const { hostKeys, fingerprint, privateKey } = JSON.parse(
      await Deno.readTextFile(keptPath(host)),
    ) as Partial<
      Kept
    >;
    const isKeys = Array.isArray(hostKeys) &&
      hostKeys.every((key) => /^[\w@.-]+ [A-Za-z0-9+/=]+$/.test(key));
    if (!isKeys || (hostKeys.length === 0 && typeof fingerprint !== "string")) return undefined;
    return {
      hostKeys,
      fingerprint: fingerprint && String(fingerprint),
      ...(typeof privateKey === "string" && { privateKey }),
    };
  } catch {
    return undefined;
  }
}

/** Forgets `host`. */
export async function forget(host: string): Promise<void> {
  try {
    await Deno.remove(keptPath(host));
  } catch {
    // Nothing was kept, or it could not be.
  }
}

function folder(): string {
  const state = Deno.env.get("XDG_STATE_HOME") ||
    join(Deno.env.get("HOME") ?? "/tmp", ".local", "state");
  return join(state, "nixos-anywhere");
}

function keptPath(host: string): string {
  // Names that differ must not fall together, and none may lead out of the folder.
  return join(folder(), `${encodeURIComponent(host).replaceAll(".", "%2E")}.json`);
}
