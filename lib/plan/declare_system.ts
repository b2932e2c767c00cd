/**
 * The options that say how: disks, build, the new system, output.
 *
 * @module
 */
import { append, type Declaration, on, setting, text } from "./declare.ts";
import type { BuildOn, Chown, DiskKey, DiskoMode, HardwareBackend } from "./options.ts";

/** The options of the other headings of the help. */
export const SYSTEM_OPTIONS: readonly Declaration[] = [
  {
    name: "disko-mode",
    values: ["MODE"],
    group: "Disks",
    help: "disko wipes, formats and mounts; format only formats; mount only mounts",
    default: "disko",
    take: ({ options }, [mode]) => options.diskoMode = mode as DiskoMode,
  },
  {
    name: "no-disko-deps",
    values: [],
    group: "Disks",
    help: "use the disko script without its dependencies, for targets short of memory",
    take: on("diskoDeps", false),
  },
  {
    name: "disk-encryption-keys",
    values: ["REMOTE", "LOCAL"],
    repeat: true,
    group: "Disks",
    help:
      "put the file or pipe LOCAL at REMOTE before the disks are formatted, readable by root only; repeatable",
    take: ({ options }, [remote = "", local = ""]) => {
      const key: DiskKey = { remote, local };
      options.diskEncryptionKeys = append(options.diskEncryptionKeys, key);
    },
  },
  {
    name: "build-on",
    values: ["PLACE"],
    group: "Build",
    help: "where to build: auto, local or remote",
    default: "auto",
    take: (draft, [value = ""]) =>
      draft.buildOn.push({ flag: "--build-on", value: value as BuildOn }),
  },
  {
    name: "generate-hardware-config",
    values: ["PROGRAM", "PATH"],
    group: "Build",
    help:
      "nixos-facter or nixos-generate-config: write the target's hardware to PATH here, then build",
    take: ({ options }, [backend, path = ""]) =>
      options.generateHardwareConfig = { backend: backend as HardwareBackend, path },
  },
  {
    name: "no-substitute-on-destination",
    values: [],
    group: "Build",
    help: "the target fetches nothing from substituters; implies --no-use-machine-substituters",
    take: on("substituteOnDestination", false),
  },
  {
    name: "no-use-machine-substituters",
    values: [],
    group: "Build",
    help: "the installer does not use the configuration's substituters",
    take: on("useMachineSubstituters", false),
  },
  {
    name: "from",
    values: ["STORE-URI"],
    group: "Build",
    help: "the store that closures are copied from",
    default: "this machine's",
    take: text("from"),
  },
  {
    name: "ssh-store-setting",
    values: ["NAME", "VALUE"],
    repeat: true,
    dashes: true,
    group: "Build",
    help: "a setting for the address of the target's store; repeatable",
    default: "compress true",
    take: ({ options }, values) =>
      options.sshStoreSettings = append(options.sshStoreSettings, setting(values)),
  },
  {
    name: "option",
    values: ["NAME", "VALUE"],
    repeat: true,
    dashes: true,
    group: "Build",
    help: "an option for every nix command, here and on the target; repeatable",
    take: ({ options }, values) => options.nixOptions = append(options.nixOptions, setting(values)),
  },
  {
    name: "accept-flake-config",
    values: [],
    group: "Build",
    help: "trust and use the settings in the flake (its nixConfig), such as caches",
    default: "as nix is set to",
    take: on("acceptFlakeConfig", true),
  },
  {
    name: "build-on-remote",
    values: [],
    group: "Build",
    help: "the same as --build-on remote",
    deprecated: "--build-on remote",
    take: (draft) => draft.buildOn.push({ flag: "--build-on-remote", value: "remote" }),
  },
  {
    name: "extra-files",
    values: ["DIR"],
    group: "New system",
    help: "copy the contents of DIR onto / of the new system, owned by root",
    take: text("extraFiles"),
  },
  {
    name: "chown",
    values: ["PATH", "OWNER"],
    repeat: true,
    group: "New system",
    help: "give a path of the new system, and all below it, to OWNER; repeatable, in this order",
    take: ({ options }, [path = "", owner = ""]) => {
      const chown: Chown = { path, owner };
      options.chown = append(options.chown, chown);
    },
  },
  {
    name: "copy-host-keys",
    values: [],
    group: "New system",
    help: "keep the machine's ssh host keys; files that are there already stay",
    take: on("copyHostKeys", true),
  },
  {
    name: "print-build-logs",
    short: "L",
    values: [],
    group: "Output",
    help: "show whole build logs",
    take: on("printBuildLogs", true),
  },
  {
    name: "show-trace",
    values: [],
    group: "Output",
    help: "show where in the configuration an evaluation failed",
    take: on("showTrace", true),
  },
  {
    name: "debug",
    values: [],
    group: "Output",
    help: "show every command that is run, and all of its output",
    take: (draft) => draft.debug = true,
  },
  {
    name: "json",
    values: [],
    group: "Output",
    help: "print what happens as JSON, an event a line",
    take: (draft) => draft.json = true,
  },
  {
    name: "help",
    short: "h",
    values: [],
    group: "Output",
    help: "print this and stop",
    take: () => {},
  },
  {
    name: "version",
    values: [],
    group: "Output",
    help: "print the version and stop",
    take: () => {},
  },
  {
    name: "tty",
    short: "t",
    values: [],
    group: "Output",
    help: "does nothing",
    deprecated: "no option in its place",
    take: () => {},
  },
];
