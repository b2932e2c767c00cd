/**
 * A local folder as a list of what is in it, checked before anything is contacted.
 *
 * @module
 */
import { join } from "../std_path.ts";
import { UsageError } from "../errors.ts";

/** A file, folder or link below a folder. */
export interface TreeEntry {
  /** The path from the folder, `/` between names. */
  readonly path: string;
  /** What it is. */
  readonly kind: "file" | "directory" | "link";
  /** Permission bits. */
  readonly mode: number;
  /** Bytes, of a file. */
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  /** Where a link leads, as it is written in the link. */
  readonly target?: string;
}

/** A folder that was read. */
export interface Tree {
  /** The folder's path. */
  readonly folder: string;
  /** What is in it, each folder before what it holds. */
  readonly entries: readonly TreeEntry[];
  /** Whether some entry needs more than the ustar format: a long name, a hard link, a huge file. */
  readonly beyondUstar: boolean;
}

/**
 * Reads what is in a folder, each folder before what it holds, by name. Throws a
 * {@linkcode UsageError} if it is no folder, cannot be read, or holds what no archive can carry (sockets,
 * devices, pipes).
 */
export async function readTree(folder: string, name = "--extra-files"): Promise<Tree> {
  const entries: TreeEntry[] = [];
  let beyondUstar = false;
  /** What is being read, to be named if it cannot be. */
  let current = "";
  const visit = async (below: string) => {
    current = below;
    const names: string[] = [];
    for await (const { name } of Deno.readDir(join(folder, below))) names.push(name);
    for (const child of names.sort()) {
      const path = below === "" ? child : `${below}/${child}`;
      if (path.includes("\ufffd")) {
        throw new UsageError(
          `${name}: ${JSON.stringify(join(folder, path))} has a name that is not UTF-8`,
          {
            hint: "rename the file",
          },
        );
      }
      current = path;
      const info = await Deno.lstat(join(folder, path));
      const base = {
        path,
        mode: (info.mode ?? 0o755) & 0o7777,
        // The format has no time before 1970.
        mtime: Math.max(0, Math.floor((info.mtime?.getTime() ?? 0) / 1000)),
      };
      beyondUstar ||= !fitsUstar(path);
      if (info.isDirectory) {
        entries.push({ ...base, kind: "directory", size: 0 });
        await visit(path);
      } else if (info.isSymlink) {
        const target = await Deno.readLink(join(folder, path));
        beyondUstar ||= new TextEncoder().encode(target).length > 100;
        entries.push({ ...base, kind: "link", size: 0, target });
      } else if (info.isFile) {
        beyondUstar ||= (info.nlink ?? 1) > 1 || info.size >= 8 ** 11;
        // Opened as it will be when the disks are wiped; in one go, since a folder may hold very many.
        Deno.openSync(join(folder, path)).close();
        entries.push({ ...base, kind: "file", size: info.size });
      } else {
        throw new UsageError(
          `${name}: ${JSON.stringify(join(folder, path))} is neither file, folder nor link`,
          {
            hint: "sockets, devices and pipes cannot be copied: take it out of the folder",
          },
        );
      }
    }
  };
  try {
    await visit("");
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const what = current === ""
      ? `the folder ${JSON.stringify(folder)}`
      : JSON.stringify(join(folder, current));
    throw new UsageError(`${name}: cannot read ${what}: ${reason}`, {
      hint: current === ""
        ? "give an existing folder; its contents go to / of the new system"
        : "make it readable for this user, or take it out of the folder",
      cause,
    });
  }
  return { folder, entries, beyondUstar };
}

/** Whether a path fits the name fields of ustar: 100 bytes, or 155 and 99 with a slash in between. */
function fitsUstar(path: string): boolean {
  const bytes = new TextEncoder().encode(path);
  if (bytes.length <= 99) return true;
  if (bytes.length > 254) return false;
  for (let at = bytes.length - 100; at <= 155; at++) if (bytes[at] === 47) return true;
  return false;
}
