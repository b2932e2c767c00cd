/**
 * Disk encryption keys on their way.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import type { DiskKey } from "../plan/options.ts";

/** A key that was read. */
export interface DiskKeyContent {
  /** Where it goes, an absolute path on the target. */
  readonly remote: string;
  /** The key itself. */
  readonly content: Uint8Array;
}

// No key is this long; whatever is, was named by mistake.
const MAX_KEY = 64 * 1024 * 1024;

/**
 * Reads the keys, before anything is contacted: pipes give their content only once. Throws a
 * {@linkcode UsageError} if one cannot be read, is empty, or does not go to an absolute path.
 */
export async function readKeys(keys: readonly DiskKey[]): Promise<readonly DiskKeyContent[]> {
  const read: DiskKeyContent[] = [];
  for (const { remote, local = "", content } of keys) {
    const name = `--disk-encryption-keys ${JSON.stringify(remote)}`;
    if (!/^\/[^\p{Cc}]*[^/\p{Cc}]$/u.test(remote) || remote.split("/").includes("..")) {
      throw new UsageError(`${name}: the remote path is no absolute path of a file`, {
        hint: "the first value is the path on the target, the second the file here",
      });
    }
    let bytes = content;
    try {
      bytes ??= await readSome(local, MAX_KEY + 1);
    } catch (cause) {
      throw new UsageError(`${name}: cannot read ${JSON.stringify(local)}`, {
        hint: "the second value is a file or a pipe on this machine",
        cause,
      });
    }
    if (bytes.length === 0 || bytes.length > MAX_KEY) {
      throw new UsageError(
        `${name}: ${JSON.stringify(local)} is ${
          bytes.length === 0 ? "empty" : "no key: too large"
        }`,
        {
          hint: "see whether the command behind the pipe worked",
        },
      );
    }
    read.push({ remote, content: bytes });
  }
  return read;
}

/** The first bytes of a file or pipe: some devices have no end. */
async function readSome(path: string, most: number): Promise<Uint8Array> {
  using file = await Deno.open(path);
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for (let size = 0; size < most;) {
    const buffer = new Uint8Array(64 * 1024);
    const count = await file.read(buffer);
    if (count === null) break;
    chunks.push(buffer.subarray(0, count));
    size += count;
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}
