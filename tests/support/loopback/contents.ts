/**
 * The files of a container that differ from this machine's own.
 *
 * @module
 */
import type { KeyPair } from "./keys.ts";
import {
  type ContainerFile,
  type ContainerOptions,
  type ContainerUser,
  PASSWORD,
  USERS,
} from "./options.ts";

let hash: Promise<string> | undefined;

/** What /etc/shadow has of {@linkcode PASSWORD}. */
async function hashed(): Promise<string> {
  const code = 'print crypt($ENV{WORD}, q($6$loopback$)) or die "no SHA-512"';
  const { success, stdout, stderr } = await new Deno.Command("perl", {
    args: ["-e", code],
    env: { WORD: PASSWORD },
  }).output();
  if (!success) throw new Error(`no password: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

const DEBIAN = `PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
ID=debian
`;
const INSTALLER = `NAME=NixOS
ID=nixos
VERSION_ID="25.11"
PRETTY_NAME="NixOS 25.11 (Xantusia)"
VARIANT="Installer"
VARIANT_ID=installer
`;

/** Programs whose effect would reach past the container: they only write down how they were called. */
const HARMLESS = ["poweroff", "halt", "swapoff", "swapon", "zpool", "modprobe"];
const note = `printf '%s\\n' "\${0##*/} $*" >>/run/box/commands\n`;
const REBOOT = `#!/bin/sh\n${note}echo reboot >>/run/box/signals\n`;
const SYSTEMCTL = `#!/bin/sh\n${note}case " $* " in
*" reboot "*) echo reboot >>/run/box/signals ;;
*" kexec "*) echo kexec >>/run/box/signals ;;
esac
`;
const KEXEC =
  `#!/bin/sh\n${note}case " $* " in *" --exec "*) echo kexec >>/run/box/signals ;; esac\n`;

/** Answers without a look at this machine, which may be a container itself. */
function detectVirt(container: string): string {
  return `#!/bin/sh\necho ${container}\n[ ${container} != none ]\n`;
}

/** The parts of a container that must be known before its files are written. */
export interface Settled {
  readonly address: string;
  readonly port: number;
  readonly hostKeys: readonly KeyPair[];
  readonly identity: KeyPair;
}

/** The files of a container by path, the shell code that makes homes of them, and what completes them. */
export async function contents(
  options: ContainerOptions,
  settled: Settled,
): Promise<{ files: Record<string, ContainerFile>; homes: string; setup: string }> {
  const password = await (hash ??= hashed());
  const users = Object.entries({ ...USERS, ...options.users })
    .map(([name, user], index) =>
      new Account(name, user, name === "root" ? 0 : 2000 + index, password)
    );
  const lines = async (path: string) => {
    const text = await Deno.readTextFile(path);
    return text.split("\n").filter((line) =>
      line !== "" && !users.some(({ name }) => line.startsWith(`${name}:`))
    );
  };
  const join = (all: readonly string[]) => all.join("\n") + "\n";
  const files: Record<string, ContainerFile> = {
    "/etc/passwd": join([...users.map((user) => user.passwd), ...await lines("/etc/passwd")]),
    "/etc/group": join([...users.map((user) => user.group), ...await lines("/etc/group")]),
    "/etc/shadow": {
      text: join([...users.map((user) => user.shadow), ...await lines("/etc/shadow")]),
      mode: 0o640,
    },
    "/etc/sudoers": { text: join(users.flatMap((user) => user.sudoers)), mode: 0o440 },
    "/etc/hosts": "127.0.0.1 localhost box\n::1 localhost box\n",
    "/etc/os-release": options.osRelease ?? (options.installer ? INSTALLER : DEBIAN),
    "/etc/nix/nix.conf": join([
      "build-users-group =",
      "sandbox = false",
      "substituters =",
      "experimental-features = nix-command flakes",
    ]),
    "/etc/ssh/sshd_config": join(sshdConfig(options, settled)),
    "/usr/bin/systemd-detect-virt": { text: detectVirt(options.container ?? "none"), mode: 0o755 },
    "/usr/sbin/reboot": { text: REBOOT, mode: 0o755 },
    "/usr/sbin/shutdown": { text: REBOOT, mode: 0o755 },
    "/usr/bin/systemctl": { text: SYSTEMCTL, mode: 0o755 },
    "/usr/sbin/kexec": { text: KEXEC, mode: 0o755 },
  };
  for (const name of HARMLESS) {
    files[`/usr/sbin/${name}`] = { text: `#!/bin/sh\n${note}`, mode: 0o755 };
  }
  for (const key of settled.hostKeys) {
    const path = hostKeyPath(key);
    files[path] = { text: key.privateKey, mode: 0o600 };
    files[`${path}.pub`] = `${key.publicKey} root@box\n`;
  }
  for (const user of users) {
    const path = user.authorizedKeys;
    if (path !== undefined) files[path] = `${settled.identity.publicKey} identity\n`;
  }
  const without = (options.without ?? []).flatMap((command) =>
    ["/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/local/bin", "/usr/local/sbin"]
      .map((folder) => `rm -f ${folder}/${command}\n`)
  );
  const homes = [...users.map((user) => user.setup), ...without].join("");
  return { files: { ...files, ...options.files }, homes, setup: options.setup ?? "" };
}

function sshdConfig(options: ContainerOptions, { address, port, hostKeys }: Settled): string[] {
  return [
    ...(options.sshdConfig ?? []),
    `ListenAddress ${address}`,
    `Port ${port}`,
    ...hostKeys.map((key) => `HostKey ${hostKeyPath(key)}`),
    "LogLevel VERBOSE",
    "UsePAM no",
    "UseDNS no",
    "PasswordAuthentication yes",
    "KbdInteractiveAuthentication no",
    `PermitRootLogin ${options.rootLogin === false ? "no" : "yes"}`,
    // As on NixOS.
    "AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/authorized_keys.d/%u",
    "PrintMotd no",
    "Subsystem sftp internal-sftp",
  ];
}

function hostKeyPath({ publicKey }: KeyPair): string {
  const type = /ed25519|ecdsa|rsa/.exec(publicKey)?.[0] ?? "unknown";
  return `/etc/ssh/ssh_host_${type}_key`;
}

class Account {
  constructor(
    readonly name: string,
    readonly user: ContainerUser,
    readonly id: number,
    readonly hash: string,
  ) {}

  get home(): string {
    return this.id === 0 ? "/root" : `/home/${this.name}`;
  }

  get passwd(): string {
    const { name, id, home, user: { shell = "/bin/bash" } } = this;
    return `${name}:x:${id}:${id}::${home}:${shell}`;
  }

  get group(): string {
    return `${this.name}:x:${this.id}:`;
  }

  // "*" is a password that nothing matches; "!" would lock the account for sshd too.
  get shadow(): string {
    return `${this.name}:${this.user.password ? this.hash : "*"}:19000:0:99999:7:::`;
  }

  get sudoers(): string[] {
    if (this.id === 0) return ["root ALL=(ALL:ALL) ALL"];
    const { sudo = "none" } = this.user;
    return sudo === "none"
      ? []
      : [`${this.name} ALL=(ALL:ALL) ${sudo === "free" ? "NOPASSWD: " : ""}ALL`];
  }

  get authorizedKeys(): string | undefined {
    const { keys = "home" } = this.user;
    if (keys === "none") return undefined;
    return keys === "etc"
      ? `/etc/ssh/authorized_keys.d/${this.name}`
      : `${this.home}/.ssh/authorized_keys`;
  }

  get setup(): string {
    if (this.id === 0) return "";
    return `mkdir -p ${this.home}\nchown -R ${this.id}:${this.id} ${this.home}\n`;
  }
}
