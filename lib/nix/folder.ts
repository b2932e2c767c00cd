/**
 * The folder of a flake on this machine: what nix does not see of it, and why.
 *
 * @module
 */
import { isAbsolute, join, resolve } from "../std_path.ts";
import { escapeControls } from "../escape.ts";
import { type FlakeRef, showFlake } from "../plan/flake.ts";

/** A flake that is a folder here. */
export interface FlakeFolder {
  /** The folder that was named, absolute. */
  readonly path: string;
  /** Whether nix looks for flake.nix in the folders above it too, as for a path that is written plainly. */
  readonly searched: boolean;
  /** Whether flake.nix has to be a file there: not in bare repositories, other revisions or subfolders. */
  readonly plain: boolean;
}

/** The folder of a flake; `undefined` for one that comes from elsewhere, and where we may not look. */
export async function folderOf({ url }: FlakeRef): Promise<FlakeFolder | undefined> {
  if (!await mayRead("/")) return undefined;
  const [address = "", query] = url.split("?", 2) as [string, string?];
  const scheme = /^(path|git\+file):(?:\/\/(?=\/))?/.exec(address);
  if (!scheme && !/^[./]/.test(address)) return undefined;
  const rest = scheme ? address.slice(scheme[0].length) : address;
  let path = rest;
  try {
    // A path that is written plainly is taken as it is, and so is one with a scheme by nix 2.8.
    if (scheme && !await exists(rest)) path = decodeURIComponent(rest);
  } catch {
    // A percent sign that is part of the name.
  }
  return {
    path: isAbsolute(path) ? path : resolve(path),
    searched: !scheme,
    plain: query === undefined && scheme?.[1] !== "git+file",
  };
}

/** Why a folder cannot be a flake, where that is certain; nothing is said where we may not look. */
export async function whyNoFlake(flake: FlakeRef): Promise<string | undefined> {
  const folder = await folderOf(flake);
  if (!folder) return undefined;
  const { path, searched, plain } = folder;
  const info = await Deno.stat(path).catch((error) => error as Error);
  if (info instanceof Deno.errors.NotFound) return `there is no folder ${escapeControls(path)}`;
  if (info instanceof Error || !info.isDirectory || !plain) return undefined;
  for (let at = path;; at = resolve(at, "..")) {
    if (await exists(join(at, "flake.nix"))) return undefined;
    if (!searched || at === "/" || await exists(join(at, ".git"))) break;
  }
  return `there is no flake.nix in ${escapeControls(path)}${searched ? " or above it" : ""}`;
}

/** What to do about a file that nix does not find in the flake. */
export async function hintOnFile(flake: FlakeRef, file: string): Promise<string> {
  const name = escapeControls(file);
  const general = `${name} is not in the flake: nix sees only files that git knows of ` +
    "(git add --intent-to-add), and submodules with ?submodules=1 behind the flake's address";
  const folder = await folderOf(flake);
  if (!folder) return general;
  let root = folder.path;
  while (root !== "/" && !await exists(join(root, ".git"))) root = resolve(root, "..");
  const repository = await exists(join(root, ".git"));
  if (!repository) return `${name} is not in ${escapeControls(folder.path)}: add it to the flake`;
  const modules = await Deno.readTextFile(join(root, ".gitmodules")).catch(() => "");
  const module = [...modules.matchAll(/^\s*path\s*=\s*(.+?)\s*$/gm)].map(([, path = ""]) => path)
    .find((path) => file === path || file.startsWith(`${path}/`));
  if (module !== undefined) {
    const [outputs, name = "", config, ...below] = flake.attributes;
    const short = outputs === "nixosConfigurations" && config === "config" && below.length === 0;
    const fragment = short ? escapeControls(name) : showFlake(flake).split("#", 2)[1];
    return `${escapeControls(module)} is a git submodule, which nix leaves out: ` +
      `use --flake 'git+file://${escapeControls(root)}?submodules=1#${fragment}'`;
  }
  if (await exists(join(root, file))) {
    return `git does not know ${name} yet, and nix sees only what git knows of: ` +
      `git -C ${word(root)} add --intent-to-add ${word(file)}`;
  }
  return `${name} is not in ${escapeControls(root)}: the flake names a file that is not there`;
}

/** A word of a command line to type. */
function word(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text)
    ? text
    : `'${escapeControls(text).replaceAll("'", `'\\''`)}'`;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

/** Whether we may read below a path without Deno asking its user about it. */
export async function mayRead(path: string): Promise<boolean> {
  return (await Deno.permissions.query({ name: "read", path })).state === "granted";
}
