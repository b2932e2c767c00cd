/**
 * A local folder as a tar archive.
 *
 * @module
 */
import { InstallError } from "../errors.ts";
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
 * system's tar, and what is much, where there is one. A file is sent as it is then, not as it was when it was looked at;
 * reading throws an {@linkcode InstallError} if one is gone, or changes meanwhile.
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

/** The format has eleven octal digits for a time. */
const LAST_TIME = 8 ** 11 - 1;

async function* members({ folder, entries }: Tree): AsyncGenerator<TarStreamInput> {
  for (const { path, kind, mode, mtime, target } of entries) {
    const time = Math.min(mtime, LAST_TIME);
    const options = { mode, mtime: time, uid: 0, gid: 0, uname: "root", gname: "root" };
    if (kind === "directory") yield { type: "directory", path, options };
    else if (kind === "link") yield { type: "symlink", path, linkname: target ?? "", options };
    else yield { type: "file", path, ...await openFile(join(folder, path)), options };
  }
}

/** A file and its size as it is now. */
async function openFile(path: string): Promise<{ size: number; readable: Stream }> {
  const { isFile, size } = await Deno.lstat(path).catch(changing(path));
  // A pipe in its place would be opened for ever.
  if (!isFile) throw changed(path, "it is no file any more");
  return { size, readable: ReadableStream.from(readExactly(path, size)) };
}

type Stream = ReadableStream<Uint8Array<ArrayBuffer>>;

/** So many bytes of a file, which may grow. */
async function* readExactly(path: string, size: number): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  using file = await Deno.open(path).catch(changing(path));
  const buffer = new Uint8Array(Math.min(size, CHUNK));
  for (let left = size; left > 0;) {
    const some = buffer.subarray(0, Math.min(left, buffer.length));
    const count = await file.read(some).catch(changing(path));
    if (count === null) throw changed(path, `it has become shorter by ${left} bytes`);
    left -= count;
    yield buffer.slice(0, count);
  }
}

/** Names the file in what the system says. */
function changing(path: string): (cause: Error) => never {
  return (cause) => {
    throw changed(path, cause.message, cause);
  };
}

function changed(path: string, why: string, cause?: unknown): InstallError {
  return new InstallError(`--extra-files: cannot send ${JSON.stringify(path)}: ${why}`, {
    hint: UNCHANGED,
    cause,
  });
}

const UNCHANGED = "let nothing change the folder of --extra-files while it is sent";

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
        if (code === 0) return;
        const why = (await said).trim().split("\n", 1)[0]?.replace(/^\S*tar: /, "") ?? "";
        throw changed(folder, why === "" ? `tar failed with exit code ${code}` : why);
      },
    }),
  );
}
