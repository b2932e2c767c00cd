/**
 * Whether the machine will find the system that was installed, before it is told to boot it.
 *
 * @module
 */
import { BootError } from "../errors.ts";
import type { StorePath } from "../plan/store_path.ts";
import type { Session } from "../ssh/session.ts";

// $1 the system, or nothing for the one of the profile. Links below /mnt are absolute: they are followed by hand.
const CHECK = `
inside() {
  path=$1 count=0
  while [ -h "/mnt$path" ] && [ "$count" -lt 40 ]; do
    count=$((count + 1))
    next=$(readlink "/mnt$path")
    case $next in /*) path=$next ;; *) path=\${path%/*}/$next ;; esac
  done
  printf '%s\\n' "$path"
}
profile=$(inside /nix/var/nix/profiles/system)
system=\${1:-$profile}
[ -e "/mnt$profile" ] || { echo "trouble no system profile in /nix/var/nix/profiles"; exit 0; }
[ "$profile" = "$system" ] || { echo "trouble the system profile is $profile"; exit 0; }
for part in kernel initrd; do
  [ -e "$(printf '/mnt%s' "$(inside "$system/$part")")" ] || { echo "trouble $system/$part is missing"; exit 0; }
done
# A boot loader names the system's init, in its configuration or inside of a unified kernel image.
entries=$(grep -rlaF -- "$system/init" /mnt/boot /mnt/efi /mnt/boot/efi 2>/dev/null | head -n 20) || :
[ -n "$entries" ] || { echo "trouble no boot loader entry below /boot starts $system"; exit 0; }
# Files that a textual entry names have to be there, from the folder of the entry, /boot, or the root.
printf '%s\\n' "$entries" | while IFS= read -r entry; do
  case $entry in *.conf|*.cfg) ;; *) continue ;; esac
  grep -iE '^[[:space:]]*(linux|kernel|initrd)[[:space:]]' "$entry" | while read -r _ file _; do
    file=\${file#*)}
    file=\${file##*\\}}
    case $file in ''|-*) continue ;; esac
    for base in "\${entry%/*}/" /mnt/boot/ /mnt/ /mnt/efi/ /mnt/boot/efi/; do
      [ ! -s "$base\${file#/}" ] || continue 2
    done
    echo "trouble \${entry#/mnt} names $file, which is missing"
  done
done
`;

/**
 * Checks that the system profile of /mnt is the installed system, that its kernel and initrd are there, and
 * that a boot loader entry starts it. Changes nothing. Throws a {@linkcode BootError} (`stayed`) if not.
 *
 * @example
 * ```ts ignore
 * import { checkBootable } from "@nixos-anywhere/deno";
 * await checkBootable(installer, system);
 * ```
 */
export async function checkBootable(
  installer: Session,
  system: StorePath | undefined,
  signal?: AbortSignal,
): Promise<void> {
  const { stdout } = await installer.script(CHECK, {
    name: "check boot loader",
    args: [system ?? ""],
    deadline: 120_000,
    ...(signal && { signal }),
  });
  const trouble = /^trouble (.*)$/m.exec(stdout)?.[1];
  if (trouble === undefined) return;
  throw new BootError(`${installer.label}: the installed system would not boot: ${trouble}`, {
    outcome: "stayed",
    hint:
      "the machine stays in the installer: mend the boot loader's configuration and run again with --phases install,reboot",
  });
}
