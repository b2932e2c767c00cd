/**
 * The layouts of disks that a new flake can have, as disko takes them.
 *
 * @module
 */
import { attributes, nixString } from "./nix_text.ts";

/** The names of the layouts. */
export type LayoutName = keyof typeof LAYOUTS;

/** What the layouts are made for. */
export interface LayoutTarget {
  /** The disks to wipe; `undefined` for one that is not named yet. */
  readonly disks: readonly (string | undefined)[];
  /** Whether the machine may start by BIOS; it has an EFI system partition in any case. */
  readonly bios: boolean;
}

interface Layout {
  /** What it is, for people. */
  readonly about: string;
  /** How many disks it takes, at least and at most. */
  readonly disks: readonly [atLeast: number, atMost: number];
  /** The value of `disko.devices`. */
  readonly devices: (target: LayoutTarget) => string;
  /** Lines of the system's configuration that belong to it. */
  readonly settings: (hostId: string) => readonly string[];
}

/** Every layout by its name. */
export const LAYOUTS = {
  plain: {
    about: "one disk with ext4",
    disks: [1, 1],
    devices: ({ disks: [disk], bios }) =>
      attributes(one("main", disk, bios, [ESP, rest("root", filesystem("ext4", "/"))])),
    settings: () => [],
  },
  luks: {
    about: "one disk, encrypted: the passphrase is asked for at the install and at every boot",
    disks: [1, 1],
    devices: ({ disks: [disk], bios }) =>
      attributes(one("main", disk, bios, [
        ESP,
        rest(
          "luks",
          attributes(
            'type = "luks";',
            'name = "cryptroot";',
            "settings.allowDiscards = true;",
            `content = ${filesystem("ext4", "/")};`,
          ),
        ),
      ])),
    settings: () => [],
  },
  zfs: {
    about: "one disk with a ZFS pool",
    disks: [1, 1],
    devices: ({ disks: [disk], bios }) =>
      attributes(
        one("main", disk, bios, [
          ESP,
          rest("zfs", attributes('type = "zfs";', 'pool = "zroot";')),
        ]),
        `zpool.zroot = ${
          attributes(
            'type = "zpool";',
            'options.ashift = "12";',
            `rootFsOptions = ${
              attributes(
                'acltype = "posixacl";',
                'atime = "off";',
                'compression = "zstd";',
                'mountpoint = "none";',
                'xattr = "sa";',
              )
            };`,
            `datasets = ${
              attributes(dataset("root", "/"), dataset("nix", "/nix"), dataset("home", "/home"))
            };`,
          )
        };`,
      ),
    settings: (hostId) => [
      "# ZFS imports a pool only on the host that it belongs to.",
      `networking.hostId = ${nixString(hostId)};`,
      "# Virtual disks often have no name below /dev/disk/by-id.",
      'boot.zfs.devNodes = "/dev/disk/by-partuuid";',
      "services.zfs.autoScrub.enable = true;",
    ],
  },
  btrfs: {
    about: "one disk with subvolumes of btrfs",
    disks: [1, 1],
    devices: ({ disks: [disk], bios }) =>
      attributes(one("main", disk, bios, [
        ESP,
        rest(
          "root",
          attributes(
            'type = "btrfs";',
            'extraArgs = [ "-f" ];',
            `subvolumes = ${
              attributes(
                subvolume("/root", "/"),
                subvolume("/nix", "/nix"),
                subvolume("/home", "/home"),
              )
            };`,
          ),
        ),
      ])),
    settings: () => [],
  },
  mirrored: {
    about: "two disks or more with the same content, ext4: the machine starts from any of them",
    disks: [2, 8],
    devices: ({ disks, bios }) =>
      attributes(
        ...disks.map((disk, at) =>
          one(`disk${at + 1}`, disk, bios, [
            partition("ESP", "1G", "EF00", raidMember("boot")),
            rest("root", raidMember("root")),
          ])
        ),
        `mdadm = ${
          attributes(
            "# The firmware reads a member as if it were a partition: what makes it a mirror is at its end.",
            raid("boot", ['metadata = "1.0";'], filesystem("vfat", "/boot", ["umask=0077"])),
            raid("root", [], filesystem("ext4", "/")),
          )
        };`,
      ),
    settings: () => [
      "# Kernels before 6.19 refuse the mirrors that a newer one has made, such as the installer's.",
      "boot.kernelPackages = pkgs.linuxPackages_latest;",
      "# Whoever gets root's mail hears of a disk that fails.",
      'boot.swraid.mdadmConf = "MAILADDR root";',
    ],
  },
} as const satisfies Readonly<Record<string, Layout>>;

/** A file system, and where it is mounted. */
function filesystem(format: string, mountpoint: string, options: readonly string[] = []): string {
  return attributes(
    'type = "filesystem";',
    `format = ${nixString(format)};`,
    `mountpoint = ${nixString(mountpoint)};`,
    ...(options.length > 0 ? [`mountOptions = [ ${options.map(nixString).join(" ")} ];`] : []),
  );
}

function partition(name: string, size: string, type: string, content: string): string {
  return `${name} = ${
    attributes(`size = "${size}";`, `type = "${type}";`, `content = ${content};`)
  };`;
}

const ESP = partition("ESP", "1G", "EF00", filesystem("vfat", "/boot", ["umask=0077"]));

/** A partition of all that is left of a disk. */
function rest(name: string, content: string): string {
  return `${name} = ${attributes('size = "100%";', `content = ${content};`)};`;
}

/** Nothing that disks are made of evaluates with it, so that none is wiped which nobody has named. */
const NOT_NAMED = nixString(
  "disk-config.nix names no disk yet: see the machine's with `ssh root@ADDRESS ls -l /dev/disk/by-id`, " +
    'and write device = "/dev/disk/by-id/NAME";',
);

/** One disk with GPT. */
function one(
  name: string,
  device: string | undefined,
  bios: boolean,
  partitions: readonly string[],
): string {
  const grub = `bios = ${
    attributes("# For GRUB on a machine that starts by BIOS.", 'size = "1M";', 'type = "EF02";')
  };`;
  return `disk.${name} = ${
    attributes(
      'type = "disk";',
      "# ALL DATA on it is wiped by the install.",
      `device = ${device === undefined ? `throw ${NOT_NAMED}` : nixString(device)};`,
      `content = ${
        attributes(
          'type = "gpt";',
          `partitions = ${attributes(...(bios ? [grub] : []), ...partitions)};`,
        )
      };`,
    )
  };`;
}

function dataset(name: string, mountpoint: string): string {
  return `${name} = ${
    attributes(
      'type = "zfs_fs";',
      `mountpoint = ${nixString(mountpoint)};`,
      'options.mountpoint = "legacy";',
    )
  };`;
}

function subvolume(name: string, mountpoint: string): string {
  return `${nixString(name)} = ${
    attributes(
      `mountpoint = ${nixString(mountpoint)};`,
      'mountOptions = [ "compress=zstd" "noatime" ];',
    )
  };`;
}

function raidMember(name: string): string {
  return attributes('type = "mdraid";', `name = ${nixString(name)};`);
}

function raid(name: string, settings: readonly string[], content: string): string {
  return `${name} = ${
    attributes('type = "mdadm";', "level = 1;", ...settings, `content = ${content};`)
  };`;
}
