/**
 * What a later run needs to log in to an installer that this one boots: saved in the user's state folder from before the
 * boot until the whole install has succeeded, readable by the user alone.
 *
 * @module
 */
import { join } from "../std_path.ts";
import type { Report } from "../report/events.ts";
import { userFolder } from "../user_folder.ts";
import { fingerprint } from "./known_hosts.ts";

/** Where an installer is: machines behind one address differ by the port. */
export interface InstallerAddress {
  readonly host: string;
  /** The port of its ssh server. */
  readonly port: number;
}

/** What is saved of an installer. */
export interface ResumeInfo {
  /** The host keys that it has to show, each `TYPE BASE64`. */
  readonly hostKeys: readonly string[];
  /** The fingerprint of one more. */
  readonly fingerprint: string | undefined;
  /** The key that logs root in, where none of the user's own does. */
  readonly privateKey?: string;
}

/**
 * Saves what logs in to an installer, written aside and renamed. A state folder that cannot be written is no reason to
 * stop: a warning tells.
 */
export async function saveResumeInfo(
  address: InstallerAddress,
  info: ResumeInfo,
  report: Report,
): Promise<void> {
  let path = "";
  try {
    path = await pathOf(address);
    await Deno.mkdir(folder(), { recursive: true, mode: 0o700 });
    const aside = `${path}.${crypto.randomUUID()}`;
    try {
      await Deno.writeTextFile(aside, JSON.stringify(info), { mode: 0o600, createNew: true });
      await Deno.rename(aside, path);
    } catch (error) {
      // It may hold a key.
      await Deno.remove(aside).catch(() => {});
      throw error;
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : error;
    const text = `the way back into the installer is not kept: ${why}`;
    report({ type: "log", level: "warning", text });
    return;
  }
  if (info.privateKey === undefined) return;
  const text = `the key to the installer is kept in ${path} until the install has succeeded`;
  report({ type: "log", level: "info", text });
}

/** What is saved of the installer at the first of these addresses that anything is saved of. */
export async function findResumeInfo(
  addresses: readonly InstallerAddress[],
): Promise<ResumeInfo | undefined> {
  for (const address of addresses) {
    const info = await read(address);
    if (info) return info;
  }
  return undefined;
}

/** What is saved of the machine with this host key, at whatever address it was. */
export async function findResumeInfoByKey(shown: string | undefined): Promise<
  ResumeInfo | undefined
> {
  for (const path of shown === undefined ? [] : await savedPaths()) {
    const info = await read(path);
    if (info && await hasHostKey(info, shown)) return info;
  }
  return undefined;
}

/** Forgets an installer at an address, and the machine with this host key wherever it was. */
export async function forgetResumeInfo(
  address: InstallerAddress,
  shown: string | undefined,
): Promise<void> {
  const gone: string[] = [];
  for (const path of shown === undefined ? [] : await savedPaths()) {
    const info = await read(path);
    if (info && await hasHostKey(info, shown)) gone.push(path);
  }
  // Nothing was saved, or it could not be.
  await Promise.allSettled([
    ...gone.map((path) => Deno.remove(path)),
    pathOf(address).then((path) => Deno.remove(path)),
  ]);
}

/** Whether a host key of this fingerprint is among those that are saved. */
export async function hasHostKey(info: ResumeInfo, wanted: string | undefined): Promise<boolean> {
  const fingerprints = await Promise.all(info.hostKeys.map(fingerprint));
  return wanted !== undefined && [...fingerprints, info.fingerprint].includes(wanted);
}

/** The files there are, the newest first; no more than can be looked at in a moment. */
async function savedPaths(): Promise<string[]> {
  const found: { path: string; time: number }[] = [];
  try {
    for await (const { name, isFile } of Deno.readDir(folder())) {
      if (!isFile || !name.endsWith(".json")) continue;
      const path = join(folder(), name);
      const { mtime } = await Deno.stat(path);
      found.push({ path, time: mtime?.getTime() ?? 0 });
    }
  } catch {
    // Nothing was saved yet, or another run has just forgotten it.
  }
  return found.sort((a, b) => b.time - a.time).slice(0, 200).map(({ path }) => path);
}

async function read(from: string | InstallerAddress): Promise<ResumeInfo | undefined> {
  try {
    const path = typeof from === "string" ? from : await pathOf(from);
    const { hostKeys, fingerprint, privateKey } = JSON.parse(
      await Deno.readTextFile(path),
    ) as Partial<ResumeInfo>;
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

function folder(): string {
  const state = userFolder("XDG_STATE_HOME", ".local", "state");
  if (state === undefined) throw new Error("neither HOME nor XDG_STATE_HOME names a folder");
  return join(state, "nixos-anywhere");
}

async function pathOf({ host, port }: InstallerAddress): Promise<string> {
  // Names that differ must not fall together, and none may lead out of the folder.
  const name = encodeURIComponent(`${host}:${port}`).replaceAll(".", "%2E");
  // A file's name may have 255 bytes, and something is added while it is written.
  if (name.length <= 200) return join(folder(), `${name}.json`);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(name));
  return join(folder(), `${name.slice(0, 100)}-${new Uint8Array(digest).toHex()}.json`);
}
