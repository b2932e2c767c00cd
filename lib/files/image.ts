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
import { IMAGE_FILES } from "./image_check.ts";
import { countBytes } from "./stream.ts";

/** How an image gets onto a target that can do no more than its facts say. */
export interface ImageRoute {
  /** Who fetches it: one of the target's programs, or this machine, which then streams it over. */
  readonly fetch: "curl" | "wget" | "here";
  /** The program that unpacks it before tar does; nothing for a plain archive. */
  readonly unpacker: string | undefined;
  /** Whether it is unpacked here instead. */
  readonly unpackHere: boolean;
}

const UNPACKERS: Readonly<Record<Compression, string | undefined>> = {
  none: undefined,
  gzip: "gzip",
  xz: "xz",
  zstd: "zstd",
};

/** Chooses the way of an image: the target does what it can. Throws a {@linkcode PreflightError} without tar. */
export function imageRoute(
  source: ImageSource,
  facts: Facts,
  host: string,
  sha256?: string,
): ImageRoute {
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
  // A digest is taken there where the bytes arrive.
  const fetches = source.kind === "url" && !unpackHere &&
    (sha256 === undefined || has("sha256sum"));
  const fetch = fetches && has("curl") ? "curl" : fetches && has("wget") ? "wget" : "here";
  return { fetch, unpacker, unpackHere };
}

/** By so much more bytes, as a share, an image may go over unpacked. */
const LITTLE = 1.15;

/**
 * The same route, but for an image that gzip has made hardly smaller, as those are whose parts are packed
 * already: it is unpacked here, while the link is busy anyway, and a slow target is spared of it.
 */
export async function sparingRoute(source: ImageSource, route: ImageRoute): Promise<ImageRoute> {
  if (source.kind !== "file" || route.unpacker !== "gzip") return route;
  try {
    using file = await Deno.open(source.location);
    const { size } = await file.stat();
    // The last four bytes tell the size, modulo 2^32, of what was packed.
    await file.seek(-4, Deno.SeekMode.End);
    const end = new Uint8Array(4);
    await file.read(end);
    const share = new DataView(end.buffer).getUint32(0, true) / size;
    return { ...route, unpackHere: route.unpackHere || (share > 0.9 && share < LITTLE) };
  } catch {
    return route; // who sends it tells what is wrong with it
  }
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
    countBytes<ArrayBuffer>((done) => report({ type: "progress", what: "image", done, total })),
  );
  if (!unpackHere || unpacker === undefined) return bytes;
  if (unpacker === "gzip") return ReadableStream.from(gunzipped(bytes, path));
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

async function* gunzipped(
  bytes: ReadableStream<Uint8Array<ArrayBuffer>>,
  path: string,
): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes.pipeThrough(new DecompressionStream("gzip"));
  } catch (cause) {
    throw new UsageError(`${path} cannot be unpacked: it is no whole gzip file`, {
      hint: "the image is damaged: get it again",
      cause,
    });
  }
}

const FETCHERS: Readonly<Record<ImageRoute["fetch"], string>> = {
  curl: 'curl --fail --silent --show-error --location -- "$1"',
  wget: 'wget -q -O - -- "$1"',
  here: "cat",
};

/** Where the folder of an image is made on a target, the first that can be written. */
export const IMAGE_PARENTS = ["/root", "/var/tmp", "/tmp"] as const;

/**
 * The command that unpacks an image into a new folder of this name on the target, as root, and prints
 * `unpacked FOLDER`; it leaves nothing behind if it fails. The image comes on its standard input, or is
 * fetched by the target, which then checks its SHA-256 too. What was unpacked must be just what the
 * contract says.
 */
export function unpackCommand(
  source: ImageSource,
  { fetch, unpacker, unpackHere }: ImageRoute,
  name: string,
  sha256?: string,
): string[] {
  // 2 is a warning, of gzip and xz: the bytes are good.
  const unpack = unpacker === undefined || unpackHere
    ? ""
    : `{ ${unpacker} -dc || [ "$?" = 2 ] || echo unpack >"$folder/failed"; } |`;
  const digest = sha256 !== undefined && fetch !== "here";
  // The exit codes of all parts of a pipe, in a shell that knows only that of the last one.
  const code = `
umask 077
folder=
for base in ${IMAGE_PARENTS.join(" ")}; do
  mkdir -m 700 "$base/$3" 2>/dev/null && folder=$base/$3 && break
done
[ -n "$folder" ] || { echo "no folder to unpack the image in" >&2; exit 1; }
trap 'rm -rf "$folder"' EXIT
trap 'rm -rf "$folder"; exit 143' TERM HUP
# With nobody to hear of it any more, the shell must not end by saying which of its programs ended.
trap '' PIPE
${digest ? DIGEST_START : ""}
{ ${FETCHERS[fetch]} || echo fetch >"$folder/failed"; } | ${
    digest ? 'tee "$folder/bytes" |' : ""
  } ${unpack} {
  tar -C "$folder" -xf -
  status=$?
  cat >/dev/null
  exit "$status"
} || exit 1
[ ! -e "$folder/failed" ] || exit 1
${digest ? DIGEST_END : ""}
cd "$folder/kexec" || { echo "the archive holds no folder kexec" >&2; exit 1; }
for file in ${IMAGE_FILES.join(" ")}; do
  [ -f "$file" ] && [ ! -h "$file" ] || { echo "the archive holds no kexec/$file" >&2; exit 1; }
done
[ -x run ] || { echo "kexec/run is not executable" >&2; exit 1; }
for other in ../.[!.]* ../..?* ../*; do
  if [ "$other" != ../kexec ] && { [ -e "$other" ] || [ -h "$other" ]; }; then
    echo "the archive holds more than its folder kexec" >&2
    exit 1
  fi
done
trap - EXIT
echo "unpacked $folder"
`;
  return ["sh", "-c", code, "unpack", source.location, sha256 ?? "", name];
}

const DIGEST_START = 'mkfifo "$folder/bytes"\nsha256sum <"$folder/bytes" >"$folder/digest" &';
const DIGEST_END = `
wait
read -r digest _ <"$folder/digest"
rm -f "$folder/bytes" "$folder/digest"
[ "$digest" = "$2" ] || { echo "the image's SHA-256 is $digest, not $2" >&2; exit 1; }`;
