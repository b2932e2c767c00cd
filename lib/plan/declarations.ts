/**
 * The command line's options, declared once: parsing, `--help` and README's reference are made from this
 * table.
 *
 * @module
 */
import type {
  BuildOn,
  Chown,
  DiskKey,
  DiskoMode,
  HardwareBackend,
  PlanOptions,
  Setting,
} from "./options.ts";

/** What a command line asks for: the options of the install, and what only the command knows. */
export interface Draft {
  options: { -readonly [K in keyof PlanOptions]: PlanOptions[K] };
  /** Every target that was named. */
  hosts: string[];
  /** Go on without asking. */
  yes: boolean;
  /** Show every command that is run. */
  debug: boolean;
  /** Print events as JSON lines. */
  json: boolean;
  /** Log in with the password of the environment. */
  envPassword: boolean;
  /** `--phases` and the deprecated options that stand for one. */
  phases: { readonly flag: string; readonly phases: readonly string[] }[];
  /** `--build-on` and the deprecated option that stands for one. */
  buildOn: { readonly flag: string; readonly value: string }[];
}

/** An option of the command line. */
export interface Declaration {
  /** Its long name, without dashes. */
  readonly name: string;
  /** Its short name, one letter. */
  readonly short?: string;
  /** Names of its values, for the help; none for a switch. */
  readonly values: readonly string[];
  /** Whether it may be given more than once, each time adding to what it was. */
  readonly repeat?: boolean;
  /** Whether a value may begin with a dash. */
  readonly dashes?: boolean;
  readonly group: Group;
  /** One sentence without a period. */
  readonly help: string;
  readonly default?: string;
  /** What to use instead; the option still works, with a notice. */
  readonly deprecated?: string;
  /** Takes the values, as many as `values` has names. */
  readonly take: (draft: Draft, values: readonly string[]) => void;
}

/** The headings of the help. */
export const GROUPS = [
  "What to install",
  "Reaching the target",
  "Installer",
  "Disks",
  "Build",
  "New system",
  "Output",
] as const;

/** A heading of the help. */
export type Group = typeof GROUPS[number];

const append = <T>(
  list: readonly T[] | undefined,
  item: T,
): readonly T[] => [...(list ?? []), item];
const setting = ([name = "", value = ""]: readonly string[]): Setting => ({ name, value });

/** A switch that sets one option to `value`. */
function on<K extends keyof PlanOptions>(key: K, value: PlanOptions[K]): Declaration["take"] {
  return ({ options }) => {
    (options as Record<string, unknown>)[key] = value;
  };
}

/** An option whose one value is taken as it is; the plan checks it. */
function text(key: keyof PlanOptions): Declaration["take"] {
  return ({ options }, [value]) => {
    (options as Record<string, unknown>)[key] = value;
  };
}

/** Every option, in the order of the help. */
export const DECLARATIONS: readonly Declaration[] = [
  {
    name: "flake",
    short: "f",
    values: ["URI#NAME"],
    group: "What to install",
    help: "the flake and the NixOS configuration in it",
    take: text("flake"),
  },
  {
    name: "store-paths",
    short: "s",
    values: ["DISKO", "SYSTEM"],
    group: "What to install",
    help: "a built disko script and a built NixOS system, instead of a flake",
    take: ({ options }, [disko = "", system = ""]) => options.storePaths = { disko, system },
  },
  {
    name: "phases",
    values: ["LIST"],
    group: "What to install",
    help: "the phases to run, with commas between them; they always run in the default's order",
    default: "kexec,disko,install,reboot",
    take: (draft, [list = ""]) => draft.phases.push({ flag: "--phases", phases: list.split(",") }),
  },
  {
    name: "vm-test",
    values: [],
    group: "What to install",
    help: "test the configuration and its disks in a virtual machine here, install nothing",
    take: on("vmTest", true),
  },
  {
    name: "yes",
    values: [],
    group: "What to install",
    help: "do not ask before anything is changed",
    take: (draft) => draft.yes = true,
  },
  {
    name: "target-host",
    values: ["HOST"],
    group: "Reaching the target",
    help: "the target, instead of naming it last",
    take: (draft, [host = ""]) => draft.hosts.push(host),
  },
  {
    name: "identity",
    short: "i",
    values: ["FILE"],
    group: "Reaching the target",
    help: "the private key to log in with, or the .pub of a key that your agent holds",
    default: "your own ssh keys",
    take: text("identityFile"),
  },
  {
    name: "ssh-port",
    short: "p",
    values: ["PORT"],
    group: "Reaching the target",
    help: "the target's ssh port before kexec",
    default: "ssh's own",
    take: ({ options }, [port]) => options.sshPort = port,
  },
  {
    name: "post-kexec-ssh-port",
    values: ["PORT"],
    group: "Reaching the target",
    help: "the installer's ssh port after kexec",
    default: "22",
    take: ({ options }, [port]) => options.postKexecSshPort = port,
  },
  {
    name: "ssh-option",
    values: ["KEY=VALUE"],
    repeat: true,
    group: "Reaching the target",
    help: "an option for ssh, as for ssh -o; repeatable, and stronger than this tool's own",
    take: ({ options }, [value = ""]) => options.sshOptions = append(options.sshOptions, value),
  },
  {
    name: "env-password",
    values: [],
    group: "Reaching the target",
    help: "log in with the password in the variable SSHPASS",
    take: (draft) => draft.envPassword = true,
  },
  {
    name: "kexec",
    values: ["FILE|URL"],
    group: "Installer",
    help: "the kexec image: .tar, .tar.gz, .tgz, .tar.xz or .tar.zst",
    default: "the published image for the target's architecture",
    take: text("kexec"),
  },
  {
    name: "force-kexec",
    values: [],
    group: "Installer",
    help: "kexec even when an installer runs already",
    take: on("forceKexec", true),
  },
  {
    name: "kexec-extra-flags",
    values: ["FLAGS"],
    dashes: true,
    group: "Installer",
    help: "flags for kexec, handed to the image's script as one argument",
    take: text("kexecExtraFlags"),
  },
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
    name: "build-on-remote",
    values: [],
    group: "Build",
    help: "the same as --build-on remote",
    deprecated: "--build-on remote",
    take: (draft) => draft.buildOn.push({ flag: "--build-on-remote", value: "remote" }),
  },
  {
    name: "stop-after-disko",
    values: [],
    group: "What to install",
    help: "the same as --phases kexec,disko",
    deprecated: "--phases kexec,disko",
    take: (draft) => draft.phases.push({ flag: "--stop-after-disko", phases: ["kexec", "disko"] }),
  },
  {
    name: "no-reboot",
    values: [],
    group: "What to install",
    help: "the same as --phases kexec,disko,install",
    deprecated: "--phases kexec,disko,install",
    take: (draft) =>
      draft.phases.push({ flag: "--no-reboot", phases: ["kexec", "disko", "install"] }),
  },
  {
    name: "tty",
    short: "t",
    values: [],
    group: "Output",
    help: "does nothing",
    deprecated: "nothing: leave it out",
    take: () => {},
  },
];
