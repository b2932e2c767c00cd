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
kernel=/mnt$(inside "$system/kernel")
# From the folder of the entry, /boot, the root or the EFI system partition: loaders differ in that.
find_file() {
  for base in "\${1%/*}/" /mnt/boot/ /mnt/ /mnt/efi/ /mnt/boot/efi/; do
    [ ! -s "$base\${2#/}" ] || { printf '%s\\n' "$base\${2#/}"; return; }
  done
}
verdict='no boot loader is configured below /boot'
entries=$(find /mnt/boot /mnt/efi -name '*.conf' -o -name '*.cfg' 2>/dev/null | head -n 200)
# An entry starts the system if it names its init, or its very kernel; all files that it names have to be there.
while IFS= read -r entry; do
  files=$(sed -n 's/^[[:space:]]*\\(linux\\|kernel\\|initrd\\|LINUX\\|KERNEL\\|INITRD\\)[[:space:]]\\{1,\\}\\([^[:space:]]*\\).*/\\2/p' "$entry" | sed 's/^(.*)//')
  [ -n "$files" ] || continue
  starts= lost=
  ! grep -qF -- "$system/init" "$entry" || starts=y
  for file in $files; do
    path=$(find_file "$entry" "$file")
    [ -n "$path" ] || lost=$file
    [ -n "$starts" ] || [ -z "$path" ] || ! cmp -s "$path" "$kernel" || starts=y
  done
  [ -n "$starts" ] || { verdict="\${entry#/mnt} does not start it"; continue; }
  [ -z "$lost" ] || { verdict="\${entry#/mnt} names $lost, which is missing"; continue; }
  exit 0
done <<END
$entries
END
# A unified kernel image, or a loader whose entries are of another kind.
found=$(grep -rlaF -- "$system" /mnt/boot /mnt/efi 2>/dev/null | head -n 1) || :
case $found in
  ''|*.conf|*.cfg) echo "trouble $verdict" ;;
esac
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
    inline: true,
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
