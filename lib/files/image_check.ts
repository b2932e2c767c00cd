/**
 * Whether a local kexec image is what it should be, before it goes anywhere.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { UntarStream } from "../std_tar.ts";
import { UsageError } from "../errors.ts";
import type { Compression, ImageSource } from "../plan/image.ts";
import { openImage } from "./image_stream.ts";
import { start } from "../process.ts";

/** What an image holds in its folder `kexec`, by its contract; outside of that folder it holds nothing. */
export const IMAGE_FILES = ["run", "kexec", "ip", "bzImage", "initrd"] as const;

/**
 * Reads a local image once: it must be whole, hold what the contract says and nothing that leads out of its
 * folder, and have the SHA-256 that is asked for. Throws a {@linkcode UsageError} that says what is wrong.
 */
export async function checkImage(
  source: ImageSource,
  sha256?: string,
  signal?: AbortSignal,
  name = `--kexec: ${JSON.stringify(source.location)}`,
): Promise<void> {
  const refuse = (why: string, cause?: unknown) =>
    new UsageError(`${name} is no usable kexec image: ${why}`, {
      hint: "get the image again, or build it anew",
      cause,
    });
  const hash = createHash("sha256");
  using image = await openImage(source.location);
  const hashed = image.file.readable.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        if (sha256 !== undefined) hash.update(chunk);
        controller.enqueue(chunk);
      },
    }),
  );
  const found = new Set<string>();
  const bytes = unpack(image.compression, hashed, signal).getReader();
  const archive = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const { done, value } = await bytes.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
  try {
    for await (const { path, header, readable } of archive.pipeThrough(new UntarStream())) {
      const name = path.replace(/^\.\//, "").replace(/\/+$/, "");
      const kind = memberKind(header);
      const extra = readable && kind === "extended" ? await new Response(readable).text() : "";
      const fits = kind === "extended"
        ? !/ (path|linkpath)=/.test(extra)
        : belongs(name, kind, header);
      if (!fits) throw refuse(`it holds ${JSON.stringify(path)}, which does not belong there`);
      if (kind === "file") found.add(name);
      if (kind !== "extended") await readable?.pipeTo(new WritableStream(), signal && { signal });
    }
    // To the very end, which is behind the archive's: the checksums are there.
    while (!(await bytes.read()).done) signal?.throwIfAborted();
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof UsageError) throw error;
    throw refuse("the archive is damaged or cut off", error);
  } finally {
    await bytes.cancel().catch(() => {});
  }
  const missing = IMAGE_FILES.find((one) => !found.has(`kexec/${one}`));
  if (missing !== undefined) throw refuse(`it holds no kexec/${missing}`);
  const digest = hash.digest("hex");
  if (sha256 !== undefined && digest !== sha256) {
    throw refuse(`its SHA-256 is ${digest}, not ${sha256}`);
  }
}

/** What a member of the archive is. `extended` tells more of the next one, such as its times. */
function memberKind(header: object): "file" | "folder" | "link" | "extended" | "other" {
  const flag = "typeflag" in header ? String(header.typeflag) : "";
  if (/^[0\0]?$/.test(flag)) return "file";
  if (flag === "5") return "folder";
  if (flag === "2") return "link";
  return flag === "x" || flag === "g" ? "extended" : "other";
}

/** Files, folders and links below `kexec`, none of which leads out of it. */
function belongs(name: string, kind: ReturnType<typeof memberKind>, header: object): boolean {
  if (kind === "folder" && (name === "" || name === "." || name === "kexec")) return true;
  if (!name.startsWith("kexec/") || name.split("/").includes("..") || kind === "other") {
    return false;
  }
  if (kind !== "link") return true;
  const target = "linkname" in header ? String(header.linkname) : "";
  return !target.startsWith("/") && !target.split("/").includes("..");
}

function unpack(
  compression: Compression,
  bytes: ReadableStream<Uint8Array<ArrayBuffer>>,
  signal?: AbortSignal,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  if (compression === "none") return bytes;
  if (compression === "gzip") return bytes.pipeThrough(new DecompressionStream("gzip"));
  const child = start([compression, "-dc"], { stdin: bytes, signal });
  child.stderr.pipeTo(new WritableStream()).catch(() => {});
  return child.stdout.pipeThrough(
    new TransformStream({
      async flush() {
        if (!(await child.status).success) throw new Error(`${compression} cannot unpack it`);
      },
    }),
  ) as ReadableStream<Uint8Array<ArrayBuffer>>;
}
