/**
 * A local folder as a tar archive.
 *
 * @module
 */
import { join } from "../std_path.ts";
import { TarStream, type TarStreamInput } from "../std_tar.ts";
import { mayRun, start } from "../process.ts";
import { rechunk } from "./stream.ts";
import type { Tree } from "./tree.ts";

/** From so many bytes on the system's tar is worth a process: it is many times as fast. */
const MUCH = 16 * 1024 * 1024;

/**
 * The archive of a folder's contents, without the folder itself, so that unpacking leaves the mode of the
 * place alone. Everything belongs to root in it. What the ustar format cannot carry goes through the
 * system's tar, and what is much, where there is one.
 */
export async function archive(
  tree: Tree,
  signal?: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  const size = tree.entries.reduce((sum, entry) => sum + entry.size, 0);
  const byTar = tree.beyondUstar || size > MUCH && await mayRun("tar");
  return byTar ? systemTar(tree, signal) : ustar(tree);
}

/** How many bytes the archive of a folder will have, about: long names take some more. */
export function archiveSize({ entries }: Tree): number {
  return entries.reduce((sum, { size }) => sum + 512 + 512 * Math.ceil(size / 512), 1024);
}

// Written in pieces of 512 bytes, as tar has them, the archive would go at a tenth of this speed.
const CHUNK = 256 * 1024;

function ustar(tree: Tree): ReadableStream<Uint8Array> {
  return ReadableStream.from(members(tree)).pipeThrough(new TarStream()).pipeThrough(
    rechunk(CHUNK),
  );
}

async function* members({ folder, entries }: Tree): AsyncGenerator<TarStreamInput> {
  for (const { path, kind, mode, size, mtime, target } of entries) {
    const options = { mode, mtime, uid: 0, gid: 0, uname: "root", gname: "root" };
    if (kind === "directory") yield { type: "directory", path, options };
    else if (kind === "link") yield { type: "symlink", path, linkname: target ?? "", options };
    else {
      const file = await Deno.open(join(folder, path));
      yield { type: "file", path, size, readable: file.readable, options };
    }
  }
}

/** Blocks of 512 bytes that tar writes at once: as much as a pipe holds. */
const RECORD = "128";

/** The system's tar, which packs what ustar cannot; the owner is set where it is unpacked. */
function systemTar({ folder, entries }: Tree, signal?: AbortSignal): ReadableStream<Uint8Array> {
  const names = entries.filter(({ path }) => !path.includes("/")).map(({ path }) => `./${path}`);
  const child = start(["tar", "-C", folder, "-b", RECORD, "-cf", "-", "--", ...names], {
    env: { COPYFILE_DISABLE: "1" }, // macOS would add its own files
    signal,
  });
  const said = new Response(child.stderr).text();
  return child.stdout.pipeThrough(
    new TransformStream({
      async flush() {
        const { code } = await child.status;
        if (code !== 0) throw new Error(`tar could not pack ${folder}: ${(await said).trim()}`);
      },
    }),
  );
}
