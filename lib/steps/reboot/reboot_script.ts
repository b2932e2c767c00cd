/**
 * The shell code that leaves the installer.
 *
 * @module
 */

import { READ_RELEASE } from "../../ssh/release.ts";

/**
 * `$1` the kernel that is to be started by kexec, or nothing, `$2` its parameters, then its initrds. Its answer: `host_key TYPE BASE64`,
 * `boot_id ID`, `kexec_said TEXT` where the kernel could not be loaded, `by kexec|firmware`, `ready`; then it waits for a
 * line, or the end of its input, and goes.
 */
export const LEAVE = `
PATH=$PATH:/usr/sbin:/sbin:/run/current-system/sw/bin
# Not all letters are between a and z elsewhere.
LC_ALL=C
export LC_ALL
kernel=$1 parameters=$2
shift 2
for key in /mnt/etc/ssh/ssh_host_*_key.pub; do
  [ ! -r "$key" ] || sed -n 's/^\\([a-z0-9@.-]* [A-Za-z0-9+/=]*\\).*$/host_key \\1/p' "$key"
done
echo "boot_id $(cat /proc/sys/kernel/random/boot_id)"
load() {
  command -v kexec >/dev/null 2>&1 || { echo 'there is no kexec command'; return 1; }
  initrd=\${1-} joined=
  if [ $# -gt 1 ]; then
    # kexec takes one. Each part begins at a multiple of four bytes; secrets may be in it.
    umask 077
    joined=$(mktemp -d) || return 1
    initrd=$joined/initrd
    for part; do
      cat "$part" >>"$initrd" || { rm -rf "$joined"; return 1; }
      size=$(wc -c <"$initrd")
      head -c $(((4 - size % 4) % 4)) /dev/zero >>"$initrd"
    done
  fi
  set -- "$kernel" \${initrd:+"--initrd=$initrd"} "--command-line=$parameters"
  status=0
  kexec --load --kexec-syscall-auto "$@" || kexec --load "$@" || status=1
  [ -z "$joined" ] || rm -rf "$joined"
  return "$status"
} 2>&1
by=firmware
if [ -n "$kernel" ]; then
  if said=$(load "$@"); then by=kexec; else printf '%s\\n' "$said" | sed 's/^/kexec_said /'; fi
fi
# systemd's reboot would start what an earlier run has loaded.
if [ "$by" = firmware ] && [ "$(cat /sys/kernel/kexec_loaded 2>/dev/null)" = 1 ]; then
  kexec --unload >/dev/null 2>&1 || :
fi
echo "by $by"
sync
umount -R /mnt 2>/dev/null || umount -l /mnt 2>/dev/null || :
swapoff -a 2>/dev/null || :
# A pool that is not exported must be forced to be imported by the new system.
if command -v zpool >/dev/null 2>&1; then zpool export -a || :; fi
sync
echo ready
# Until the answer has arrived, or nobody waits for it any more.
IFS= read -r _ || :
go='reboot || systemctl reboot || reboot -f'
[ "$by" = firmware ] ||
  go="{ [ -d /run/systemd/system ] && systemctl kexec; } || kexec --exec || { kexec --unload; $go; }"
# In the background, so that the login can end in order.
nohup sh -c "$go" >/dev/null 2>&1 </dev/null &
`;

/** Prints which system runs, and what has started its kernel, where that can be known. */
export const LOOK = `
echo "system $(readlink -f /run/current-system)"
${READ_RELEASE}
printf 'release %s %s\\n' "\${release_id:-unknown}" "$release_name"
if [ -e /proc/device-tree/chosen/linux,booted-from-kexec ]; then echo 'loader kexec'; fi
if [ -r /proc/sys/kernel/bootloader_type ]; then
  IFS= read -r type </proc/sys/kernel/bootloader_type || :
  echo "loader $type"
fi
`;

/** The name of a system that is certainly no NixOS, by what it has printed. */
export function readOther(answer: string): string | undefined {
  const [, id, name = ""] = /^release ([a-z0-9._-]{1,40}) (.{0,300})$/m.exec(answer) ?? [];
  return id === undefined || id === "unknown" || id === "nixos" ? undefined : name || id;
}

/** What has started the kernel: the number that x86 has for boot loaders, shifted by four bits; 13 is kexec's. */
export function readLoader(answer: string): "firmware" | "kexec" | undefined {
  const [, loader] = /^loader (kexec|\d{1,9})$/m.exec(answer) ?? [];
  if (loader === undefined) return undefined;
  return loader === "kexec" || Number(loader) >> 4 === 13 ? "kexec" : "firmware";
}
