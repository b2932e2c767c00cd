/**
 * What lets us back into an installer that we booted: kept in the user's state folder from before the boot
 * until the whole install has succeeded, readable by the user alone.
 *
 * @module
 */
import { join } from "@std/path";

/** Where an installer is: machines behind one address differ by the port. */
export interface InstallerPlace {
  readonly host: string;
  /** The port of its ssh server. */
  readonly port: number;
}

/** What is kept of an installer. */
export interface Kept {
  /** The host keys that it has to show, each `TYPE BASE64`. */
  readonly hostKeys: readonly string[];
  /** The fingerprint of one more. */
  readonly fingerprint: string | undefined;
  /** The key that logs root in, where none of the user's own does. */
  readonly privateKey?: string;
}

/** Keeps what lets us back in to an installer, written aside and renamed; returns the file's path. */
export async function keep(place: InstallerPlace, kept: Kept): Promise<string> {
  const path = keptPath(place);
  await Deno.mkdir(folder(), { recursive: true, mode: 0o700 });
  const aside = `${path}.${crypto.randomUUID()}`;
  await Deno.writeTextFile(aside, JSON.stringify(kept), { mode: 0o600, createNew: true });
  await Deno.rename(aside, path);
  return path;
}

/** What is kept of an installer, if anything is that can be read. */
export async function readKept(place: InstallerPlace): Promise<Kept | undefined> {
  return await read(keptPath(place));
}

/** What is kept of an installer, wherever it was when it was kept, for which `isIt` holds. */
export async function findKept(isIt: (kept: Kept) => Promise<boolean>): Promise<Kept | undefined> {
  for (const path of await keptPaths()) {
    const kept = await read(path);
    if (kept && await isIt(kept)) return kept;
  }
  return undefined;
}

/** Forgets what is kept of one machine wherever it was, told by its host keys. */
export async function forgetEverywhere(isIt: (kept: Kept) => Promise<boolean>): Promise<void> {
  for (const path of await keptPaths()) {
    const kept = await read(path);
    if (kept && await isIt(kept)) await Deno.remove(path).catch(() => {});
  }
}

/** The files there are, the newest first; no more than can be looked at in a moment. */
async function keptPaths(): Promise<string[]> {
  const found: { path: string; time: number }[] = [];
  try {
    for await (const { name, isFile } of Deno.readDir(folder())) {
      if (!isFile || !name.endsWith(".json")) continue;
      const path = join(folder(), name);
      const { mtime } = await Deno.stat(path);
      found.push({ path, time: mtime?.getTime() ?? 0 });
    }
  } catch {
    // Nothing was kept yet, or another run has just forgotten it.
  }
  return found.sort((a, b) => b.time - a.time).slice(0, 200).map(({ path }) => path);
}

async function read(path: string): Promise<Kept | undefined> {
  try {
    const { hostKeys, fingerprint, privateKey } = JSON.parse(
      await Deno.readTextFile(path),
    ) as Partial<Kept>;
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

/** Forgets an installer. */
export async function forget(place: InstallerPlace): Promise<void> {
  try {
    await Deno.remove(keptPath(place));
  } catch {
    // Nothing was kept, or it could not be.
  }
}

function folder(): string {
  const state = Deno.env.get("XDG_STATE_HOME") ||
    join(Deno.env.get("HOME") ?? "/tmp", ".local", "state");
  return join(state, "nixos-anywhere");
}

function keptPath({ host, port }: InstallerPlace): string {
  // Names that differ must not fall together, and none may lead out of the folder.
  return join(folder(), `${encodeURIComponent(`${host}:${port}`).replaceAll(".", "%2E")}.json`);
}
