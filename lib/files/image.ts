/**
 * A kexec image on its way into tar on the target.
 *
 * @module
 */
import { PreflightError, UsageError } from "../errors.ts";
import type { Facts } from "../plan/facts.ts";
import type { Compression, ImageSource } from "../plan/image.ts";
import type { Reporter } from "../report/events.ts";
import { countBytes } from "./stream.ts";

/** The bytes of a local image; how far they are is reported. */
export function imageStream(source: ImageSource, report: Reporter): ReadableStream<Uint8Array> {
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(source.location);
  } catch (cause) {
    throw new UsageError(`--kexec: cannot read ${JSON.stringify(source.location)}`, {
      hint: "give the path of a kexec image",
      cause,
    });
  }
  const total = file.statSync().size;
  return file.readable.pipeThrough(
    countBytes((done) => report({ type: "progress", what: "image", done, total })),
  );
}

/** What a target needs besides tar to unpack each compression. */
const UNPACKERS: Readonly<Record<Compression, string | undefined>> = {
  none: undefined,
  gzip: "gzip",
  xz: "xz",
  zstd: "zstd",
};

/**
 * The command that unpacks an image into a new folder on the target, as root, and prints
 * `unpacked FOLDER`; it leaves nothing behind if it fails. The image comes on its standard input, or is
 * fetched by the target from the URL. Throws a {@linkcode PreflightError} if a program is missing there.
 */
export function unpackCommand(source: ImageSource, facts: Facts, host: string): string[] {
  const unpacker = UNPACKERS[source.compression];
  const has = (tool: string) => facts.tools.includes(tool);
  const missing = (tool: string, why: string) =>
    new PreflightError(`${host}: no ${tool} command found, but it is needed to ${why}`, {
      hint: `install ${tool} on the target, or use another image with --kexec`,
    });
  if (!has("tar")) throw missing("tar", "unpack the kexec image");
  if (unpacker !== undefined && !has(unpacker)) throw missing(unpacker, "unpack this kexec image");
  let fetch = "cat";
  if (source.kind === "url") {
    if (has("curl")) fetch = 'curl --fail --silent --show-error --location -- "$1"';
    else if (has("wget")) fetch = 'wget -q -O - -- "$1"';
    else throw missing("curl or wget", "fetch the kexec image");
  }
  const unpack = unpacker === undefined ? "" : `${unpacker} -dc |`;
  // The exit codes of all parts of a pipe, in a shell that knows only that of the last one.
  const code = `
umask 077
for base in /root /var/tmp /tmp; do
  folder=$(mktemp -d "$base/nixos-anywhere.XXXXXX" 2>/dev/null) && break
done
[ -n "$folder" ] || { echo "no folder to unpack the image in" >&2; exit 1; }
trap 'rm -rf "$folder"' EXIT
{ ${fetch} || echo fetch >"$folder/failed"; } | ${unpack} tar -C "$folder" -xf - || exit 1
[ ! -e "$folder/failed" ] || exit 1
[ -x "$folder/kexec/run" ] || { echo "the archive holds no kexec/run" >&2; exit 1; }
trap - EXIT
echo "unpacked $folder"
`;
  return ["sh", "-c", code, "unpack", source.location];
}
