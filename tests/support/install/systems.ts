/**
 * The three systems that a machine runs while it is installed: the old one, the installer, the new one.
 *
 * @module
 */
import { type Boot, type ContainerFile, type ContainerOptions, RUN } from "../loopback/mod.ts";
import type { Parts } from "./parts.ts";

/** Shell code that runs, once, when a run has come to a point of the install. */
export type Breakpoints = Readonly<Partial<Record<Breakpoint, string>>>;

/** The points: `image` is tar's start, `copy` that of the store which fills /mnt. */
export type Breakpoint = "facts" | "image" | "kexec" | "copy" | "disko" | "install" | "reboot";

/** What the machine's systems are; everything has a default. */
export interface SystemsOptions {
  readonly parts: Parts;
  readonly breakpoints?: Breakpoints | undefined;
  /** More of the old system. */
  readonly target?: ContainerOptions | undefined;
  /** More of the installer. */
  readonly installer?: Boot | undefined;
  /** More of the new system. */
  readonly installed?: Boot | undefined;
  /** The size of the disk that is installed to. @default "64M" */
  readonly disk?: string | undefined;
}

// It is told of only when it cannot happen again.
const BREAKPOINT = `#!/bin/sh
! mv "/etc/gates/$1" "/etc/gates/.$1" 2>/dev/null || once=y
printf '%s\\n' "$1" >>/run/box/gates
[ -z "\${once-}" ] || . "/etc/gates/.$1"
`;

/** A program that passes a gate before it does what it usually does. */
function stopping(breakpoint: Breakpoint, program: string, when = ":"): ContainerFile {
  const text =
    `#!/bin/sh\n! ${when} || gate ${breakpoint} >/dev/null || exit $?\nexec ${program} "$@"\n`;
  return { text, mode: 0o755 };
}

const NIXOS_INSTALL = `#!/bin/sh
set -eu
while [ $# -gt 0 ]; do case $1 in --system) system=$2; shift 2 ;; *) shift ;; esac; done
echo "installing the boot loader..."
gate install || exit $?
/usr/bin/nix-store --store 'local?root=/mnt' --check-validity "$system"
profiles=/mnt/nix/var/nix/profiles
mkdir -p "$profiles" /mnt/boot/loader/entries
ln -sfn "$system" "$profiles/system-1-link"
ln -sfn system-1-link "$profiles/system"
cp "/mnt$system/kernel" "/mnt$system/initrd" /mnt/boot
printf 'linux /kernel\\ninitrd /initrd\\noptions init=%s/init\\n' "$system" >/mnt/boot/loader/entries/nixos.conf
echo "installation finished!"
`;

// The disk is a file with a file system: memory is no disk. A loop device may be taken by somebody else meanwhile.
const DISK_PROGRAM = `#!/bin/sh
set -eu
PATH=$PATH:/usr/sbin:/sbin
image=/run/disk.img
case $1 in
  format)
    umount -R /mnt 2>/dev/null || :
    rm -f "$image"
    truncate -s "$(cat /etc/disk-size)" "$image"
    mkfs.ext4 -q -F -m 0 -O '^has_journal,^resize_inode' -E lazy_itable_init=1 "$image"
    ;;
  mount)
    ! mountpoint -q /mnt || exit 0
    [ -e /dev/loop-control ] || mknod /dev/loop-control c 10 237
    for attempt in 1 2 3 4 5 6 7 8 9; do
      loop=$(losetup -f)
      [ -e "$loop" ] || mknod "$loop" b 7 "\${loop#/dev/loop}"
      ! losetup "$loop" "$image" || break
      [ "$attempt" != 9 ] || exit 1
      sleep 0.1
    done
    mkdir -p /mnt
    mount -t ext4 "$loop" /mnt
    losetup -d "$loop" # as soon as it is unmounted
    ;;
esac
`;

const REBOOT = `#!/bin/sh
printf 'reboot %s\\n' "$*" >>/run/box/commands
gate reboot || exit $?
echo reboot >>/run/box/signals
`;

const NIXOS = `ID=nixos\nPRETTY_NAME="NixOS 25.11 (Xantusia)"\n`;
// No device of this machine has these numbers.
const DISK = "mknod /dev/target0 b 252 77\n";

function breakpointFiles(breakpoints: Breakpoints): Record<string, ContainerFile> {
  const files: Record<string, ContainerFile> = {
    "/usr/local/bin/gate": { text: BREAKPOINT, mode: 0o755 },
  };
  for (const [breakpoint, code] of Object.entries(breakpoints)) {
    files[`/etc/gates/${breakpoint}`] = `${code}\n`;
  }
  return files;
}

/** A script of a kexec image that passes its gate first. */
export const STOPPING_RUN: string = RUN.replace("set -eu\n", "set -eu\ngate kexec || exit $?\n");

/** The three systems, for `startMachine()`. */
export function systems(options: SystemsOptions): [ContainerOptions, Boot, Boot] {
  const { breakpoints = {}, parts, target = {}, installer = {}, installed = {}, disk = "64M" } =
    options;
  const common = breakpointFiles(breakpoints);
  const facts = stopping("facts", "/usr/bin/uname");
  const store = (name: string) => stopping("copy", `/usr/bin/${name}`, "mountpoint -q /mnt");
  return [
    {
      ...target,
      files: {
        ...common,
        "/usr/local/bin/uname": facts,
        "/usr/local/bin/tar": stopping("image", "/usr/bin/tar"),
        ...target.files,
      },
      setup: `${DISK}${target.setup ?? ""}`,
    },
    {
      installer: true,
      ...installer,
      files: {
        ...common,
        "/etc/disk-size": disk,
        "/usr/local/bin/disk": { text: DISK_PROGRAM, mode: 0o755 },
        "/usr/local/bin/nix-store": store("nix-store"),
        "/usr/local/bin/nix-daemon": store("nix-daemon"),
        "/usr/local/bin/nixos-install": { text: NIXOS_INSTALL, mode: 0o755 },
        // The whole of this machine's disks would be waited for.
        "/usr/local/bin/sync": { text: "#!/bin/sh\n", mode: 0o755 },
        "/usr/sbin/reboot": { text: REBOOT, mode: 0o755 },
        ...installer.files,
      },
      setup: `${DISK}${installer.setup ?? ""}`,
    },
    {
      osRelease: NIXOS,
      ...installed,
      setup: `mkdir -p ${parts.system}\nln -s ${parts.system} /run/current-system\n${
        installed.setup ?? ""
      }`,
    },
  ];
}
