/**
 * A kexec image on its way into tar on the target.
 *
 * @module
 */
import { PreflightError, UsageError } from "../errors.ts";
import type { Facts } from "../plan/facts.ts";
import type { Compression, ImageSource } from "../plan/image.ts";
import { TROUBLES } from "../plan/troubles.ts";
import { start } from "../process.ts";
import type { Reporter } from "../report/events.ts";
import { cachedDownload } from "./download.ts";
import { countBytes } from "./stream.ts";

/** How an image gets onto a target that can do no more than its facts say. */
export interface ImageRoute {
  /** Who fetches it: one of the target's programs, or this machine, which then streams it over. */
  readonly fetch: "curl" | "wget" | "here";
  /** The program that unpacks it before tar does; nothing for a plain archive. */
  readonly unpacker: string | undefined;
  /** Whether that program runs here, since the target lacks it. */
  readonly unpackHere: boolean;
}

const UNPACKERS: Readonly<Record<Compression, string | undefined>> = {
  none: undefined,
  gzip: "gzip",
  xz: "xz",
  zstd: "zstd",
};

/** Chooses the way of an image: the target does what it can. Throws a {@linkcode PreflightError} without tar. */
export function imageRoute(source: ImageSource, facts: Facts, host: string): ImageRoute {
  const has = (tool: string) => facts.tools.includes(tool);
  if (!has("tar")) {
    throw new PreflightError(
      `${host}: no tar command found, but required to unpack the kexec image`,
      {
        hint: TROUBLES.tar.hint,
      },
    );
  }
  const unpacker = UNPACKERS[source.compression];
  const unpackHere = unpacker !== undefined && !has(unpacker);
  const fetches = source.kind === "url" && !unpackHere;
  const fetch = fetches && has("curl") ? "curl" : fetches && has("wget") ? "wget" : "here";
  return { fetch, unpacker, unpackHere };
}

/** The image's bytes as the target's tar is to get them; how far they are is reported. */
export async function imageStream(
  source: ImageSource,
  { unpacker, unpackHere }: ImageRoute,
  report: Reporter,
  signal?: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  const path = source.kind === "url"
    ? await cachedDownload(source.location, report, signal)
    : source.location;
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path);
  } catch (cause) {
    throw new UsageError(`--kexec: cannot read ${JSON.stringify(path)}`, {
      hint: "give the path of a kexec image",
      cause,
    });
  }
  const total = (await file.stat()).size;
  const bytes = file.readable.pipeThrough(
    countBytes((done) => report({ type: "progress", what: "image", done, total })),
  );
  if (!unpackHere || unpacker === undefined) return bytes;
  const child = start([unpacker, "-dc"], { stdin: bytes, ...(signal && { signal }) });
  const said = new Response(child.stderr).text();
  return child.stdout.pipeThrough(
    new TransformStream({
      async flush() {
        const { success } = await child.status;
        if (!success) {
          throw new UsageError(`${unpacker} cannot unpack ${path}: ${(await said).trim()}`, {
            hint: "the image is damaged: get it again",
          });
        }
      },
    }),
  );
}

const FETCHERS: Readonly<Record<ImageRoute["fetch"], string>> = {
  curl: 'curl --fail --silent --show-error --location -- "$1"',
  wget: 'wget -q -O - -- "$1"',
  here: "cat",
};

/**
 * The command that unpacks an image into a new folder on the target, as root, and prints
 * `unpacked FOLDER`; it leaves nothing behind if it fails. The image comes on its standard input, or is
 * fetched by the target.
 */
export function unpackCommand(
  source: ImageSource,
  { fetch, unpacker, unpackHere }: ImageRoute,
): string[] {
  const unpack = unpacker === undefined || unpackHere ? "" : `${unpacker} -dc |`;
  // The exit codes of all parts of a pipe, in a shell that knows only that of the last one.
  const code = `
umask 077
for base in /root /var/tmp /tmp; do
  folder=$(mktemp -d "$base/nixos-anywhere.XXXXXX" 2>/dev/null) && break
done
[ -n "$folder" ] || { echo "no folder to unpack the image in" >&2; exit 1; }
trap 'rm -rf "$folder"' EXIT
{ ${FETCHERS[fetch]} || echo fetch >"$folder/failed"; } | ${unpack} tar -C "$folder" -xf - || exit 1
[ ! -e "$folder/failed" ] || exit 1
[ -x "$folder/kexec/run" ] || { echo "the archive holds no kexec/run" >&2; exit 1; }
trap - EXIT
echo "unpacked $folder"
`;
  return ["sh", "-c", code, "unpack", source.location];
}
