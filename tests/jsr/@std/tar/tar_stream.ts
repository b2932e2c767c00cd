import { assertValidLinkname, assertValidTarStreamOptions, splitPath } from "./limits.ts";
import { header } from "./header.ts";
import type { TarStreamInput } from "./types.ts";

export { assertValidLinkname, assertValidPath, assertValidTarStreamOptions } from "./limits.ts";
export type {
  TarStreamDir,
  TarStreamFile,
  TarStreamInput,
  TarStreamOptions,
  TarStreamSymlink,
} from "./types.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const BLOCK = 512;
const LARGEST = 8 ** 12;

/** Files, folders and symbolic links in, the bytes of an archive out. */
export class TarStream implements TransformStream<TarStreamInput, Bytes> {
  readonly #readable: ReadableStream<Bytes>;
  readonly #writable: WritableStream<TarStreamInput>;

  constructor() {
    const { readable, writable } = new TransformStream<TarStreamInput, TarStreamInput>();
    this.#writable = writable;
    this.#readable = byteStream(archive(readable));
  }

  get readable(): ReadableStream<Bytes> {
    return this.#readable;
  }

  get writable(): WritableStream<TarStreamInput> {
    return this.#writable;
  }
}

async function* archive(entries: ReadableStream<TarStreamInput>): AsyncGenerator<Bytes> {
  for await (const entry of entries) {
    yield head(entry);
    if (entry.type !== "file") continue;
    let seen = 0;
    for await (const chunk of entry.readable) {
      seen += chunk.length;
      if (chunk.length) yield chunk.slice();
    }
    if (seen !== entry.size) {
      throw new RangeError(`"${entry.path}" has ${seen} bytes, ${entry.size} were announced`);
    }
    if (seen % BLOCK) yield new Uint8Array(BLOCK - seen % BLOCK);
  }
  yield new Uint8Array(2 * BLOCK);
}

/** Writes the defaults into the entry's own options, as the original does: they must not be frozen. */
function head(entry: TarStreamInput): Bytes {
  const options = entry.options ??= {};
  options.mode ??= { file: 0o644, directory: 0o755, symlink: 0o777 }[entry.type];
  options.uid ??= 0;
  options.gid ??= 0;
  options.mtime ??= Math.floor(Date.now() / 1000);
  options.uname ??= "";
  options.gname ??= "";
  options.devmajor ??= "";
  options.devminor ??= "";
  assertValidTarStreamOptions(options);
  if (entry.type === "symlink") assertValidLinkname(entry.linkname);
  const size = entry.type === "file" ? entry.size : 0;
  if (!(size >= 0 && size <= LARGEST)) {
    throw new RangeError(`"${entry.path}" cannot have ${size} bytes in an archive`);
  }
  return header({
    ...splitPath(entry.path),
    size,
    typeflag: { file: "0", directory: "5", symlink: "2" }[entry.type],
    linkname: entry.type === "symlink" ? entry.linkname : "",
    mode: options.mode,
    uid: options.uid,
    gid: options.gid,
    mtime: options.mtime,
    uname: options.uname,
    gname: options.gname,
    devmajor: options.devmajor,
    devminor: options.devminor,
  });
}

/** Pulled one chunk at a time: a file larger than the memory only passes through. */
function byteStream(chunks: AsyncGenerator<Bytes>): ReadableStream<Bytes> {
  const stream = new ReadableStream({
    type: "bytes",
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (!done) return controller.enqueue(value);
      controller.close();
      controller.byobRequest?.respond(0);
    },
    async cancel() {
      await chunks.return(undefined);
    },
  });
  return stream as ReadableStream<Bytes>;
}
