/**
 * The shell code that boots an image, and that looks what has come up.
 *
 * @module
 */
import { escapeControls } from "../../escape.ts";
import { READ_RELEASE } from "../../ssh/release.ts";

/** Runs the image's script in the folder `$1`, `$2` flags for kexec. The folder holds the machine's private host keys from here on: it goes when kexec fails. */
export const RUN = `
folder=$1 flags=$2 boot=$1/arranged/boot
cd "$folder"
trap 'rm -rf "$folder"' EXIT
stop() {
  trap '' TERM PIPE
  script=\${!-0}
  if [ "$script" != 0 ]; then
    # It may have no group of its own yet.
    kill -s TERM -- "-$script" || kill -s KILL "$script" || :
    rm -rf "$folder"
    # Until it has ended it may write there.
    wait "$script" || :
  fi 2>/dev/null
  exit 143
}
# By PIPE a shell ends that says to nobody which of its programs ended.
trap stop TERM PIPE
status=0
if [ -n "$flags" ]; then
  TMPDIR=$folder setsid --wait sh "$boot" "\${boot%/*}" "$folder/kexec/run" --kexec-extra-flags "$flags" &
else
  TMPDIR=$folder setsid --wait sh "$boot" "\${boot%/*}" "$folder/kexec/run" &
fi
wait "$!" || status=$?
[ "$status" != 0 ] || trap - EXIT
exit "$status"
`;

/** Tells what has come up. What is behind it is done only in an installer. */
export const LOOK = `
${READ_RELEASE}
printf 'name %s\\nvariant %s\\n' "$release_name" "$release_variant"
[ "$release_variant" = installer ] || exit 0
`;

/** Reads what {@linkcode LOOK} has told. */
export function readLook(answer: string): { name: string; installer: boolean } {
  const name = escapeControls(/^name (.{0,300})$/m.exec(answer)?.[1] ?? "");
  return { name, installer: /^variant installer$/m.test(answer) };
}
