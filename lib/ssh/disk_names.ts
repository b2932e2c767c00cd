/**
 * What names of disks lead to on a target.
 *
 * @module
 */
import { AnswerError } from "../errors.ts";

/** Names that others than the kernel and udev make, disko itself among them: that they are missing says nothing. */
const MADE_LATER =
  /^(?!\/dev\/)|^\/dev\/(mapper|md|zvol|disk\/by-(part)?(label|uuid))\/|^\/dev\/(md|dm-|loop|zd|nbd|rbd|drbd|bcache)[^/]*$|^\/dev\/(?!disk\/)[^/]+\/[^/]/;

/** Prints what each name leads to, in the same order. Without udev nobody makes the names below /dev/disk. */
export const RESOLVE = `
for name; do
  case $name in /dev/disk/*) udev=n; [ ! -d "\${name%/*}" ] || udev=y; [ ! -d /run/udev/data ] || [ ! -d /dev/disk ] || udev=y ;; *) udev=y ;; esac
  if [ -b "$name" ]; then printf 'name %s\\n' "$(readlink -f -- "$name")"
  elif [ "$udev" = y ]; then echo 'name missing'
  else echo 'name unknown'
  fi
done
echo 'names end'
`;

/** Reads what {@linkcode RESOLVE} has printed: a device, `missing` or `unknown` for each. */
export function readNames(
  answer: string,
  devices: readonly string[],
  label: string,
): readonly string[] {
  const found = [...answer.matchAll(/^name (\/\S*|missing|unknown)$/gm)].map(([, to = ""]) => to);
  if (!/^names end$/m.test(answer) || found.length !== devices.length) {
    throw new AnswerError(`${label}: its answer about ${devices.join(", ")} is cut off`, {
      hint: "log in by hand and see what its shell prints; --debug shows the whole exchange",
    });
  }
  return found.map((to, index) =>
    to === "missing" && MADE_LATER.test(devices[index] ?? "") ? "unknown" : to
  );
}
