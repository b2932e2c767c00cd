/**
 * The options that say how the target and its installer are reached. Below each heading of the help they stand in
 * its order.
 *
 * @module
 */
import {
  checkSshOptions,
  filled,
  readHostKey,
  readInstallerHost,
  readSha256,
  readTarget,
} from "./checks.ts";
import { parsePort } from "./destination.ts";
import { parseImage } from "./image.ts";
import { off, type SomeEntries } from "./option.ts";
import { append, oneTarget } from "./repeats.ts";

/** Reaching the target. */
export const REACH_OPTIONS = {
  host: {
    usage: "--target-host HOST",
    help: "the target, instead of naming it last",
    positional: true,
    combine: oneTarget,
    check: readTarget,
  },
  identityFile: {
    usage: "-i, --identity FILE",
    help: "the private key to log in with, or the .pub of a key that your agent holds",
    check: (file) => filled(file, "-i"),
    defaultText: "your own ssh keys",
  },
  privateKey: {
    help: "the text of a private key, unless -i is given",
    variables: ["SSH_PRIVATE_KEY"],
  },
  sshPort: {
    usage: "-p, --ssh-port PORT",
    help: "the target's ssh port before kexec",
    check: parsePort,
    defaultText: "ssh's own",
  },
  postKexecSshPort: {
    usage: "--post-kexec-ssh-port PORT",
    help: "the installer's ssh port after kexec",
    check: parsePort,
    default: 22,
  },
  installerHost: {
    usage: "--installer-host HOST",
    help: "where the installer answers, for a machine that gets another address after kexec",
    check: readInstallerHost,
    defaultText: "where the target does",
  },
  sshOptions: {
    usage: "--ssh-option KEY=VALUE",
    help: "an option for ssh, as for ssh -o; repeatable, and stronger than this tool's own",
    read: (option) => [option],
    combine: append,
    check: checkSshOptions,
    default: [],
  },
  envPassword: {
    command: true,
    ...off("--env-password", "log in with the password in the variable SSHPASS"),
  },
  password: { help: "the password for --env-password", variables: ["SSHPASS", "SSH_PASS"] },
  sudoPassword: {
    command: true,
    help: "the password for sudo on the target, where it wants one",
    variables: ["SUDO_PASSWORD"],
  },
  hostKey: {
    usage: "--host-key POLICY",
    help: "whose host key is believed: accept-new, strict, off, or the fingerprint SHA256:...",
    check: readHostKey,
    completes: [["accept-new", "strict", "off"]],
    defaultText: "your ssh config's, at least accept-new",
  },
  knownHosts: {
    usage: "--known-hosts FILE",
    help: "the known_hosts file that decides about host keys",
    check: filled,
    defaultText: "your ssh config's",
  },
  updateKnownHosts: off(
    "--update-known-hosts",
    "after success, put the new system's host keys in place of the old ones in known_hosts",
  ),
} as const satisfies SomeEntries;

/** The installer. */
export const INSTALLER_OPTIONS = {
  kexec: {
    usage: "--kexec FILE|URL",
    help: "the kexec image: .tar, .tar.gz, .tgz, .tar.xz or .tar.zst",
    check: (image) => parseImage(image),
    defaultText: "the published image for the target's architecture",
  },
  kexecSha256: {
    usage: "--kexec-sha256 HEX",
    help: "the SHA-256 that the kexec image must have",
    check: readSha256,
  },
  forceKexec: off("--force-kexec", "kexec even when an installer runs already"),
  kexecExtraFlags: {
    usage: "--kexec-extra-flags FLAGS",
    help: "flags for kexec, handed to the image's script as one argument",
    dashes: true,
    default: "",
  },
} as const satisfies SomeEntries;
