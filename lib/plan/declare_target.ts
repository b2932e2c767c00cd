/**
 * The options that say what goes where: the source, the target, its installer.
 *
 * @module
 */
import { append, type Declaration, on, text } from "./declare.ts";

/** The options of the first headings of the help. */
export const TARGET_OPTIONS: readonly Declaration[] = [
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
];
