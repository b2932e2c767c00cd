/**
/**
 * What names of disks lead to on a target.
 *
 * @module
 */
import { AnswerError } from "../errors.ts";
import { LIST_DISKS } from "./disk_listing.ts";

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

/** How long names may be missing in an installer that has just started, in seconds. */
export const PATIENCE = 10;

/**
 * The same in an installer, and what tells its disks. `$1` is how many seconds to wait for disks that are missing though
 * udev does not run, the rest are names. udev makes names while a system starts.
 */
export const LOOK_AGAIN = `
PATH=$PATH:/usr/sbin:/sbin:/run/current-system/sw/bin
have() { command -v "$1" >/dev/null 2>&1; }
first_line() { line=; [ ! -r "$1" ] || IFS= read -r line <"$1" || :; } 2>/dev/null
left=$1
shift
[ ! -d /run/udev/data ] || left=${PATIENCE}
! have udevadm || udevadm settle --timeout=10 >/dev/null 2>&1 || :
while [ "$left" -gt 0 ]; do
  all=y
  for name; do [ -b "$name" ] || all=n; done
  [ "$all" = n ] || break
  left=$((left - 1))
  sleep 1
done
${RESOLVE}
${LIST_DISKS}
list_disks | sed 's/^/disk /'
for at in /sys/block/*; do
  first_line "$at/dev"
  [ -n "$line" ] && [ -r "/run/udev/data/b$line" ] || line=
  [ -z "$line" ] || sed -n -e "s|^E:ID_SERIAL_SHORT=|alias \${at##*/} |p" -e "s|^E:ID_SCSI_SERIAL=|alias \${at##*/} |p" \\
    -e "s|^E:ID_SERIAL=|alias \${at##*/} |p" -e "s|^E:ID_WWN=|alias \${at##*/} |p" \\
    -e "s|^E:ID_WWN_WITH_EXTENSION=|alias \${at##*/} |p" "/run/udev/data/b$line"
  for file in serial device/serial wwid device/wwid; do
    first_line "$at/$file"
    [ -z "$line" ] || printf 'alias %s %s\\n' "\${at##*/}" "$line"
  done
  line=$(tr -cd ' -~' <"$at/device/vpd_pg80" 2>/dev/null) || :
  [ -z "$line" ] || printf 'alias %s %s\\n' "\${at##*/}" "$line"
done
`;
