/**
 * A kexec image on its way into tar on the target.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { PreflightError, UsageError } from "../errors.ts";
import type { Facts } from "../plan/facts.ts";
import { type Compression, type ImageSource, sniffCompression } from "../plan/image.ts";
import { TROUBLES } from "../plan/troubles.ts";
import { start } from "../process.ts";
import type { Report } from "../report/events.ts";
import { countBytes } from "./stream.ts";

/** Who fetches an image: one of the target's programs, or this machine, which then streams it over. */
export type Fetcher = "curl" | "wget" | "here";

/** Chooses who fetches an image. Throws a {@linkcode PreflightError} if the target has no tar. */
export function chooseFetcher(
  source: ImageSource,
  facts: Facts,
  host: string,
  sha256?: string,
): Fetcher {
  const has = (tool: string) => facts.tools.includes(tool);
  if (!has("tar")) {
    const why = "no tar command found, but required to unpack the kexec image";
    throw new PreflightError(`${host}: ${why}`, { hint: TROUBLES.tar.hint });
  }
  // A digest is taken where the bytes arrive, and what the target cannot unpack is unpacked here.
  const unpacks = source.compression === undefined || source.compression === "none" ||
    has(source.compression);
  if (source.kind === "file" || !unpacks || (sha256 !== undefined && !has("sha256sum"))) {
    return "here";
  }
  return has("curl") ? "curl" : has("wget") ? "wget" : "here";
}

/** A file of this machine, opened and looked at. */
export interface OpenImage extends Disposable {
  readonly path: string;
  readonly file: Deno.FsFile;
  readonly size: number;
  /** How the archive is compressed, by its first bytes. */
  readonly compression: Compression;
  /** What it takes on the target, in bytes, as far as that can be told. */
  readonly unpacked: number;
}

/** By so much more bytes, as a share, an image may go over unpacked. */
const LITTLE = 1.15;

/** Opens an image's file. The file's first bytes tell how it is compressed, whatever its name says. */
export async function openImage(path: string): Promise<OpenImage> {
  let file: Deno.FsFile | undefined;
  try {
    file = await Deno.open(path);
    const { size } = await file.stat();
    const start = new Uint8Array(8);
    await file.read(start);
    const compression = sniffCompression(start);
    let unpacked = compression === "none" ? size : 1.5 * size;
    if (compression === "gzip" && size > 4) {
      // The last four bytes tell the size, modulo 2^32, of what was packed.
      await file.seek(-4, Deno.SeekMode.End);
      const end = new Uint8Array(4);
      await file.read(end);
      unpacked = Math.max(new DataView(end.buffer).getUint32(0, true), 0.9 * size);
    }
    await file.seek(0, Deno.SeekMode.Start);
    const opened = file;
    const close = () => {
      try {
        opened.close();
      } catch {
        // Its stream has closed it.
      }
    };
    return { path, file, size, compression, unpacked, [Symbol.dispose]: close };
  } catch (cause) {
    file?.close();
    throw new UsageError(`--kexec: cannot read ${JSON.stringify(path)}`, {
      hint: "give the path of a kexec image",
      cause,
    });
  }
}

/**
 * Whether an image is unpacked here: the target lacks the program, or gzip has made it hardly smaller, as those
 * are whose parts are packed already. The link is busy anyway, and a slow target is spared.
 */
export function unpacksHere({ compression, size, unpacked }: OpenImage, facts: Facts): boolean {
  if (compression === "none") return false;
  return !facts.tools.includes(compression) ||
    (compression === "gzip" && unpacked > 0.9 * size && unpacked < LITTLE * size);
}

/**
 * The image's bytes as the target's tar is to get them; how far they are is reported. Fails at the end if they do
 * not have the SHA-256.
 */
export function imageStream(
  image: OpenImage,
  { unpack, sha256, report, signal }: {
    readonly unpack: boolean;
    readonly sha256: string | undefined;
    readonly report: Report;
    readonly signal: AbortSignal;
  },
): ReadableStream<Uint8Array> {
  const { path, file, size, compression } = image;
  const counted = file.readable.pipeThrough(
    countBytes<ArrayBuffer>((done) =>
      report({ type: "progress", stage: "image", what: "image", done, total: size })
    ),
  );
  const bytes = sha256 === undefined ? counted : counted.pipeThrough(verify(path, sha256));
  if (!unpack || compression === "none") return bytes;
  if (compression === "gzip") return ReadableStream.from(gunzipped(bytes, path));
  const child = start([compression, "-dc"], { stdin: bytes, signal });
  const said = new Response(child.stderr).text();
  return child.stdout.pipeThrough(
    new TransformStream({
      async flush() {
        const { success } = await child.status;
        if (success) return;
        throw new UsageError(`${compression} cannot unpack ${path}: ${(await said).trim()}`, {
          hint: "the image is damaged: get it again",
        });
      },
    }),
  );
}

/** Passes bytes on; the last of them only if all have this SHA-256. */
function verify(path: string, sha256: string) {
  const hash = createHash("sha256");
  return new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      hash.update(chunk);
      controller.enqueue(chunk);
    },
    flush() {
      const digest = hash.digest("hex");
      if (digest === sha256) return;
      throw new UsageError(
        `--kexec: ${JSON.stringify(path)}: its SHA-256 is ${digest}, not ${sha256}`,
        { hint: "get the image again, or correct the digest" },
      );
    },
  });
}

async function* gunzipped(
  bytes: ReadableStream<Uint8Array<ArrayBuffer>>,
  path: string,
): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes.pipeThrough(new DecompressionStream("gzip"));
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new UsageError(`${path} cannot be unpacked: it is no whole gzip file`, {
      hint: "the image is damaged: get it again",
      cause,
    });
  }
}
