/**
 * What is chosen for a new flake: the options of `nixos-anywhere init`, and what their values may be.
 *
 * @module
 */
import { UsageError } from "../../errors.ts";
import type { Given, Option } from "../../plan/option.ts";
import { append } from "../../plan/repeats.ts";
import { HARDWARE, SYSTEMS } from "./flake_text.ts";
import { type LayoutName, LAYOUTS } from "./layouts.ts";

/** The names of the layouts, in the order of the help. */
export const LAYOUT_NAMES = Object.keys(LAYOUTS) as readonly LayoutName[];

/** The options as the command line gives them. */
export interface InitOptions {
  readonly dir?: string;
  readonly layout?: LayoutName;
  readonly disks?: readonly string[];
  readonly name?: string;
  readonly hostname?: string;
  readonly keys?: readonly string[];
  readonly hardware?: typeof HARDWARE[number];
  readonly system?: typeof SYSTEMS[number];
  readonly yes?: boolean;
  readonly help?: boolean;
}

/** Their entries, in the order of the help. */
export const INIT_OPTIONS = {
  dir: {
    help: "the folder of the new flake; it is made if it is not there",
    positional: true,
    combine: oneFolder,
    defaultText: "this folder",
  },
  layout: {
    usage: "--layout NAME",
    help: `the layout of the disks: ${LAYOUT_NAMES.join(", ")}`,
    choices: LAYOUT_NAMES,
    defaultText: "plain, or asked for",
  },
  disks: {
    usage: "--disk DEVICE",
    help: "a disk to wipe, best by its name below /dev/disk/by-id; repeatable",
    read: (device: string) => [device],
    combine: append,
    check: (disks: readonly string[]) => disks.map((disk) => checkDisk(disk)),
    defaultText: "named later, or asked for",
  },
  name: {
    usage: "--name NAME",
    help: "the name of the configuration, which stands behind # in --flake",
    check: (name: string) => checkName(name, "--name"),
    defaultText: "the machine's name",
  },
  hostname: {
    usage: "--hostname NAME",
    help: "the machine's name",
    check: (name: string) => checkHostname(name),
    defaultText: "the folder's name",
  },
  keys: {
    usage: "--key KEY|FILE",
    help: "a public ssh key that logs in as root, or the file it is in; repeatable",
    read: (key: string) => [key],
    combine: append,
    defaultText: "yours in ~/.ssh, else those of your ssh agent",
  },
  hardware: {
    usage: "--hardware PROGRAM",
    help: "what tells the hardware at the install: nixos-facter, nixos-generate-config or none",
    choices: HARDWARE,
    default: "nixos-facter",
  },
  system: {
    usage: "--system SYSTEM",
    help: "what the machine is: x86_64-linux or aarch64-linux",
    choices: SYSTEMS,
    default: "x86_64-linux",
  },
  yes: { usage: "--yes", help: "ask nothing", default: false },
  help: { usage: "-h, --help", help: "print this and stop", default: false },
} as const satisfies {
  readonly [K in keyof InitOptions]-?: Option<NonNullable<InitOptions[K]>>;
};

function oneFolder(given: readonly Given<string>[]): string {
  const [first = "", second] = given.map(({ value }) => value);
  if (second === undefined) return first;
  throw new UsageError(
    `two folders are named: ${JSON.stringify(first)} and ${JSON.stringify(second)}`,
    { hint: "name one folder; put quotes around a name with spaces" },
  );
}

/** Checks the name of a whole disk. */
export function checkDisk(disk: string): string {
  const shown = JSON.stringify(disk);
  if (!/^\/dev(\/[A-Za-z0-9_.:+=@,-]+)+$/.test(disk) || /\/\.{1,2}(\/|$)/.test(disk)) {
    throw new UsageError(`--disk: ${shown} is no disk`, {
      hint: "name it as /dev/sda or /dev/disk/by-id/NAME: `lsblk` on the machine lists them",
    });
  }
  if (/^\/dev\/disk\/by-(part)?(uuid|label)\//.test(disk)) {
    throw new UsageError(`--disk: ${shown} names what is on a disk, and goes when that is wiped`, {
      hint: "name the disk by /dev/disk/by-id: `ls -l /dev/disk/by-id` on the machine lists them",
    });
  }
  if (/^\/dev\/((s|h|v|xv)d[a-z]+\d+|(nvme\d+n|mmcblk|loop|md)\d+p\d+)$|-part\d+$/.test(disk)) {
    throw new UsageError(`--disk: ${shown} is a partition`, {
      hint: "name the whole disk: the layout makes the partitions on it",
    });
  }
  return disk;
}

/** Checks the name of a configuration. */
export function checkName(name: string, option: string): string {
  if (/^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9_])?$/.test(name)) return name;
  throw new UsageError(`${option}: ${JSON.stringify(name)} is no name of a configuration`, {
    hint: "use letters, digits, and inside of it dashes, underscores and dots; 63 at most",
  });
}

/** Checks the name of a machine, as NixOS takes it. */
export function checkHostname(name: string): string {
  if (isHostname(name)) return name;
  throw new UsageError(`--hostname: ${JSON.stringify(name)} is no name of a machine`, {
    hint: "use letters, digits, and inside of it dashes; 63 at most, without the domain",
  });
}

/** Whether a machine can have this name. */
export function isHostname(name: string): boolean {
  return /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(name);
}

/** Checks that a layout has the disks that it takes. */
export function checkDisks(layout: LayoutName, disks: readonly string[]): readonly string[] {
  const [atLeast, atMost] = LAYOUTS[layout].disks;
  const twice = disks.find((disk, at) => disks.indexOf(disk) !== at);
  if (twice !== undefined) {
    throw new UsageError(`--disk: ${twice} is named twice`, { hint: "name each disk once" });
  }
  if (disks.length < atLeast || disks.length > atMost) {
    const wanted = atLeast === atMost ? `${atLeast}` : `${atLeast} to ${atMost}`;
    throw new UsageError(
      `--layout ${layout} takes ${wanted} disk${wanted === "1" ? "" : "s"}, not ${disks.length}`,
      {
        hint: disks.length > atMost && layout !== "mirrored"
          ? "--layout mirrored takes more than one disk"
          : "name each of them: on the command line --disk DEVICE, repeated",
      },
    );
  }
  return disks;
}
