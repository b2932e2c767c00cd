/**
 * The shell code that unpacks a kexec image on a target.
 *
 * @module
 */
import type { Compression } from "../plan/image.ts";
import type { Fetcher } from "./image_stream.ts";
import { IMAGE_FILES } from "./image_check.ts";

/** Where the folder of an image may be made on a target; disks before memory. */
export const IMAGE_PARENTS = ["/root", "/var/tmp", "/var/lib", "/tmp", "/dev/shm"] as const;

/** How the script says that the target cannot fetch what another machine may be able to, and why. */
export const CANNOT_FETCH = /^cannot fetch: ?(.*)$/m;

/** How an image is unpacked on a target. */
export interface UnpackOptions {
  readonly fetch: Fetcher;
  /** How the archive that arrives is compressed; `undefined` where its first bytes have to tell. */
  readonly compression: Compression | undefined;
  /** Whether the target takes the digest, which is its `$3`. */
  readonly digest: boolean;
}

// Each folder is tried as it will be used: written to, and a program in it run (`noexec` is no mode bit). The first
// with room for $4 KiB; else the one with the most, since what an image needs is only estimated.
const FOLDER = `
umask 077
folder= spare= most=-1
tried=
trap 'rm -rf $tried' EXIT
trap 'trap "" TERM HUP; rm -rf $tried; exit 143' TERM HUP
# With nobody to hear of it any more, the shell must not end by saying which of its programs ended.
trap '' PIPE
for base in ${IMAGE_PARENTS.join(" ")}; do
  tried="$tried $base/$2"
  mkdir -m 700 "$base/$2" 2>/dev/null || continue
  ( cd "$base/$2" && printf '#!/bin/sh\\nexit 0\\n' >try && chmod 700 try && ./try && rm -f try ) 2>/dev/null || continue
  room=$(df -Pk "$base/$2" 2>/dev/null | awk 'NR == 2 { print $4 }' 2>/dev/null) || room=
  case $room in ''|*[!0-9]*) room=0 ;; esac
  if [ "$room" -ge "$4" ]; then folder=$base/$2; break; fi
  if [ "$room" -gt "$most" ]; then spare=$base/$2 most=$room; fi
done
folder=\${folder:-$spare}
for one in $tried; do [ "$one" = "$folder" ] || rm -rf "$one"; done
[ -n "$folder" ] || { echo "no folder to unpack the image in: none of ${
  IMAGE_PARENTS.join(" ")
} can be written to and run programs" >&2; exit 1; }
tried=$folder
`;

// A URL may hold a password: it is in no argument list. curl's exit codes up to 7, of TLS and of programs that cannot be
// run come before any byte: wget may do better. 18, 22 and 23 are the server's answer, or a full disk here.
const BY_WGET = `
by_wget() {
  case $1 in
  # That of busybox knows no -i.
  *@*|*\\?*) printf '%s\\n' "$1" | wget -q -O - -T 60 -t 3 -i - 2>"$folder/said" ;;
  *) wget -q -O - -T 60 -t 3 -- "$1" 2>"$folder/said" ;;
  esac
}`;
// wget says nothing where it is quiet, and its words would hold the URL where it is not; nor does what a signal has ended.
// Behind curl's first line is advice.
const WORDS = `
words() {
  line=$(sed -n '/^curl: (/p' "$folder/said" | sed -n 1p)
  [ -n "$line" ] || line=$(grep . "$folder/said" | tail -n 1) || :
  printf '%s\\n' "\${line:-$1 failed with exit code $status}"
}`;
const FETCH: Readonly<Record<Fetcher, string>> = {
  curl: `${BY_WGET}
${WORDS}
by_curl() {
  printf 'url = "%s"\\n' "$1" | curl --config - --fail --globoff --silent --show-error --location --dump-header "$folder/head" \\
    --connect-timeout 30 --speed-limit 1 --speed-time 120 2>"$folder/said"
}
fetch() {
  status=0
  by_curl "$1" || status=$?
  case $status in
  0) return 0 ;;
  [1-7]|35|5[134589]|60|66|77|8[0-3]|90|91|9[678]|12[67])
    words curl >"$folder/elsewhere"
    ! command -v wget >/dev/null 2>&1 || ! by_wget "$1" || { rm -f "$folder/elsewhere"; return 0; } ;;
  18|22|23) words curl >&2 ;;
  *) words curl >"$folder/elsewhere" ;;
  esac
  return 1
}`,
  wget: `${BY_WGET}
${WORDS}
fetch() {
  status=0
  by_wget "$1" || status=$?
  case $status in
  0) return 0 ;;
  3|8) words wget >&2 ;;
  *) words wget >"$folder/elsewhere" ;;
  esac
  return 1
}`,
  here: "fetch() { cat; }",
};

// How far it is, for whoever watches: what is unpacked, in KiB, which the target can tell whatever fetches; and the size,
// where curl has it from the server. What may be left of this holds none of our outputs: the connection would wait for it.
// dash and busybox lose a signal that reaches a subshell before it has begun, if the shell itself traps it: the file tells
// too when it is over.
const TELL = `
tell() {
  while sleep 1 >/dev/null 2>&1 && [ -e "$folder/head" ]; do
    tr -d '\\r' 2>/dev/null <"$folder/head" |
      sed -n 's/^[Cc]ontent-[Ll]ength: \\([0-9]*\\)$/image size \\1/p' | tail -n 1
    done=$(du -sk "$folder" 2>/dev/null) || done=
    printf 'unpacked KiB %s\\n' "\${done%%[!0-9]*}"
  done
}
: >"$folder/head"
tell &
told=$!`;
const TELL_END = `
kill "$told" 2>/dev/null || :
rm -f "$folder/head"`;

/** How the script tells how far it is: bytes that are unpacked, or the bytes of the whole image. */
export function readFetching(line: string): { done?: number; total?: number } {
  const [, what, value = ""] = /^(unpacked KiB|image size) (\d{1,14})$/.exec(line) ?? [];
  if (what === undefined || value === "0") return {};
  return what === "image size" ? { total: Number(value) } : { done: 1024 * Number(value) };
}

const DIGEST_START = `
command -v tee >/dev/null 2>&1 && mkfifo "$folder/bytes" || { echo 'cannot fetch: no tee or no mkfifo' >&2; exit 1; }
sha256sum <"$folder/bytes" >"$folder/digest" &
digester=$!`;
const DIGEST_END = `
wait "$digester" || :
read -r digest _ <"$folder/digest"
rm -f "$folder/bytes" "$folder/digest"
[ "$digest" = "$3" ] || { echo "the image's SHA-256 is $digest, not $3" >&2; exit 1; }`;

// 2 is a warning, of gzip and xz: the bytes are good. The six bytes that tell are put back in front of the others.
const UNPACK = `
unpack() {
  case $1 in
  none) cat ;;
  told)
    start=$(dd bs=1 count=6 2>/dev/null | od -An -v -tx1 | tr -d ' \\n')
    case $start in
    1f8b*) program=gzip ;;
    fd377a585a00) program=xz ;;
    28b52ffd*) program=zstd ;;
    *) program=none ;;
    esac
    [ "$program" = none ] || command -v "$program" >/dev/null 2>&1 || {
      echo "no $program command" >"$folder/elsewhere"
      cat >/dev/null
      return 1
    }
    octal=
    for byte in $(printf '%s' "$start" | sed 's/../& /g'); do
      octal="$octal\\\\$(printf '%o' "0x$byte")"
    done
    { printf "$octal"; cat; } | unpack "$program" ;;
  *) "$1" -dc || [ "$?" = 2 ] ;;
  esac
}`;

/**
 * The code that unpacks an image into a new folder on the target, as root, and prints `unpacked FOLDER`; it leaves
 * nothing behind if it fails. `$1` is the URL, `$2` the folder's name, `$3` the digest, `$4` the room that is needed
 * in KiB. The image comes on its standard input, or is fetched by the target. What was unpacked must be just what
 * the contract says.
 */
export function unpackScript({ fetch, compression, digest }: UnpackOptions): string {
  // The exit codes of all parts of a pipe, in a shell that knows only that of the last one; which ksh and zsh run themselves,
  // so that it is a subshell that exits.
  return `
${FOLDER}
${FETCH[fetch]}
${UNPACK}
${digest ? DIGEST_START : ""}
${fetch === "here" ? "" : TELL}
{ fetch "$1" || echo fetch >"$folder/failed"; } | ${digest ? 'tee "$folder/bytes" |' : ""} {
  unpack ${compression ?? "told"} || echo unpack >"$folder/failed"
} | (
  tar -C "$folder" -xf -
  status=$?
  cat >/dev/null
  exit "$status"
) || echo tar >"$folder/failed"
${fetch === "here" ? "" : TELL_END}
if [ -e "$folder/elsewhere" ]; then
  printf 'cannot fetch: %s\\n' "$(cat "$folder/elsewhere")" >&2
  exit 1
fi
[ ! -e "$folder/failed" ] || exit 1
rm -f "$folder/said"
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
# Where nobody hears it, nobody would remove the folder.
echo "unpacked $folder"
trap - EXIT
`;
}

/** The same as a command that a person would write, for messages. */
export function shownUnpack(
  fetch: Fetcher,
  compression: Compression | undefined,
  location: string,
): string[] {
  const parts = [
    ...(fetch === "here"
      ? []
      : [fetch === "curl" ? `curl -fL ${location}` : `wget -O - ${location}`]),
    ...(compression === undefined || compression === "none" ? [] : [`${compression} -dc`]),
    "tar -C /root -xf -",
  ];
  return ["sh", "-c", `'${parts.join(" | ")}'`];
}
