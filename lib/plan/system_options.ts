/**
 * The options that say how: disks, build, the new system, output. Below each heading of the help they stand in its
 * order.
 *
 * @module
 */
import { checkHardware, checkSettings, filled, readChown } from "./checks.ts";
import { off, on, type SomeEntries } from "./option.ts";
import type { HardwareConfig } from "./options.ts";
import { parsePhases } from "./phases.ts";
import { append, theSame } from "./repeats.ts";

/** The disks. */
export const DISK_OPTIONS = {
  diskoMode: {
    usage: "--disko-mode MODE",
    help: "disko wipes, formats and mounts; format only formats; mount only mounts",
    choices: ["disko", "mount", "format"],
    default: "disko",
  },
  diskoDeps: on(
    "--no-disko-deps",
    "use the disko script without its dependencies, for targets short of memory",
  ),
  diskEncryptionKeys: {
    usage: "--disk-encryption-keys REMOTE LOCAL",
    help:
      "put the file or pipe LOCAL at REMOTE before the disks are formatted, readable by root only; repeatable",
    read: (remote, local) => [{ remote, local }],
    completes: [[], "file"],
    combine: append,
    default: [],
  },
  diskPassphrase: {
    command: true,
    help: "what disko is told when it asks for a passphrase",
    variables: ["DISK_PASSPHRASE"],
  },
} as const satisfies SomeEntries;

/** The build, and how closures get to the target. */
export const BUILD_OPTIONS = {
  buildOn: {
    usage: "--build-on PLACE",
    help: "where to build: auto, local or remote",
    combine: theSame,
    choices: ["auto", "local", "remote"],
    default: "auto",
    aliases: { "--build-on-remote": "remote" },
  },
  generateHardwareConfig: {
    usage: "--generate-hardware-config PROGRAM PATH",
    help:
      "nixos-facter or nixos-generate-config: write the target's hardware to PATH here, then build",
    read: (backend, path) => ({ backend: backend as HardwareConfig["backend"], path }),
    completes: [["nixos-facter", "nixos-generate-config"], "file"],
    check: checkHardware,
  },
  substituteOnDestination: on(
    "--no-substitute-on-destination",
    "the target fetches nothing from substituters; implies --no-use-machine-substituters",
  ),
  useMachineSubstituters: on(
    "--no-use-machine-substituters",
    "the installer does not use the configuration's substituters",
  ),
  from: {
    usage: "--from STORE-URI",
    help: "the store that closures are copied from",
    check: filled,
    defaultText: "this machine's",
  },
  sshStoreSettings: {
    usage: "--ssh-store-setting NAME VALUE",
    help: "a setting for the address of the target's store; repeatable",
    read: (name, value) => [{ name, value }],
    dashes: true,
    combine: append,
    check: checkSettings,
    default: [{ name: "compress", value: "true" }],
    defaultText: "compress true",
  },
  nixOptions: {
    usage: "--option NAME VALUE",
    help: "an option for every nix command, here and on the target; repeatable",
    read: (name, value) => [{ name, value }],
    dashes: true,
    combine: append,
    check: checkSettings,
    default: [],
  },
  acceptFlakeConfig: {
    ...off(
      "--accept-flake-config",
      "trust and use the settings in the flake (its nixConfig), such as caches",
    ),
    defaultText: "as nix is set to",
  },
} as const satisfies SomeEntries;

/** The new system. */
export const NEW_SYSTEM_OPTIONS = {
  extraFiles: {
    usage: "--extra-files DIR",
    help: "copy the contents of DIR onto / of the new system, owned by root",
    check: filled,
  },
  chown: {
    usage: "--chown PATH OWNER",
    help: "give a path of the new system, and all below it, to OWNER; repeatable, in this order",
    read: (path, owner) => [{ path, owner }],
    combine: append,
    check: (all, name) => all.map((one) => readChown(one, name)),
    default: [],
  },
  copyHostKeys: off(
    "--copy-host-keys",
    "keep the machine's ssh host keys; files that are there already stay",
  ),
  reboot: {
    usage: "--reboot WAY",
    help: "how the new system is started: firmware, or kexec, past firmware and boot loader",
    choices: ["firmware", "kexec"],
    default: "firmware",
    conflicts: {
      phases: [
        "--reboot says how, and --phases leaves the reboot out",
        "leave --reboot out, or add reboot to --phases",
        (phases) => !parsePhases(phases).includes("reboot"),
      ],
      vmTest: ["--vm-test has no machine for --reboot", "leave --reboot out"],
    },
  },
  noCheck: { help: "its value reaches nixos-install", variables: ["NIXOS_NO_CHECK"] },
} as const satisfies SomeEntries;

/** What is printed. */
export const OUTPUT_OPTIONS = {
  printBuildLogs: off("-L, --print-build-logs", "show whole build logs"),
  showTrace: off("--show-trace", "show where in the configuration an evaluation failed"),
  debug: {
    command: true,
    ...off("--debug", "show every command that is run, and all of its output"),
  },
  quiet: {
    command: true,
    ...off("--quiet", "print only warnings, questions, errors and the last line"),
    conflicts: {
      debug: ["--quiet and --debug contradict each other", "leave one out; --log keeps everything"],
    },
  },
  log: {
    command: true,
    usage: "--log FILE",
    help: "write everything that happens to FILE, also what is not shown; readable by you alone",
  },
  json: { command: true, ...off("--json", "print what happens as JSON, an event a line") },
  help: { command: true, ...off("-h, --help", "print this and stop") },
  version: { command: true, ...off("--version", "print the version and stop") },
  tty: { command: true, ...off("-t, --tty", "does nothing"), deprecated: "no option in its place" },
} as const satisfies SomeEntries;
