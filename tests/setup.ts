/**
 * The programs that tests and demo need beside Deno, and the Debian packages they come in.
 *
 * As root on Debian or Ubuntu what is missing is installed; elsewhere the command is printed and the
 * run ends.
 *
 * @module
 */

/** Where a need comes from: a command, or a file by its whole path. Add what you use. */
const PACKAGES: Readonly<Record<string, string>> = {
  "/etc/ssl/certs/ca-certificates.crt": "ca-certificates",
  "/usr/lib/EXTLINUX/mbr.bin": "extlinux",
  "/usr/lib/syslinux/modules/bios/ldlinux.c32": "syslinux-common",
  busybox: "busybox-static",
  cpio: "cpio",
  csh: "tcsh",
  curl: "curl",
  doas: "opendoas",
  extlinux: "extlinux",
  fish: "fish",
  git: "git",
  gzip: "gzip",
  insmod: "kmod",
  jq: "jq",
  ps: "procps",
  ip: "iproute2",
  kexec: "kexec-tools",
  losetup: "mount",
  "mkfs.ext4": "e2fsprogs",
  mmdebstrap: "mmdebstrap",
  nix: "nix-bin",
  patchelf: "patchelf",
  perl: "perl-base",
  "qemu-system-x86_64": "qemu-system-x86",
  sfdisk: "fdisk",
  ssh: "openssh-client",
  "ssh-keygen": "openssh-client",
  sshd: "openssh-server",
  sudo: "sudo",
  tar: "tar",
  unshare: "util-linux",
  wget: "wget",
  xz: "xz-utils",
  zsh: "zsh",
  zstd: "zstd",
};

/** What the tests on this machine alone need. */
export const LOOPBACK: readonly string[] = [
  ...["ssh", "ssh-keygen", "sshd", "nix", "tar", "gzip", "zstd", "xz", "git", "fish", "zsh"],
  ...["csh", "cpio", "ps", "sudo", "unshare", "curl", "wget", "perl"],
  ...["mmdebstrap", "patchelf", "losetup", "mkfs.ext4", "busybox"],
];

/** What the emulated machine and the demo need beside that. */
export const MACHINE: readonly string[] = [
  ...["qemu-system-x86_64", "kexec", "busybox", "insmod", "cpio", "extlinux", "mkfs.ext4"],
  ...["sfdisk", "sudo", "doas", "ip", "unshare", "curl", "wget"],
  ...["/usr/lib/EXTLINUX/mbr.bin", "/usr/lib/syslinux/modules/bios/ldlinux.c32"],
  "/etc/ssl/certs/ca-certificates.crt",
];

/** Of these needs, the ones this machine lacks. */
export async function missing(needs: readonly string[]): Promise<string[]> {
  const found = await Promise.all(needs.map(isThere));
  return needs.filter((_, index) => !found[index]);
}

/** Installs what is missing, or says how to and ends the run. */
export async function ensure(needs: readonly string[]): Promise<void> {
  const lacking = await missing(needs);
  if (lacking.length === 0) return;
  const packages = [...new Set(lacking.map((need) => PACKAGES[need] ?? need))].sort();
  const words = ["apt-get", "install", "--no-install-recommends", ...packages];
  if (!(await canInstall())) {
    console.error(`error: missing here: ${lacking.join(", ")}`);
    console.error(`hint: on Debian and Ubuntu: sudo ${words.join(" ")}`);
    Deno.exit(1);
  }
  console.log(`installing ${packages.join(" ")}`);
  const problem = await withoutStarting(packages, () => install(words.slice(1)));
  const still = await missing(lacking);
  if (still.length === 0) return;
  console.error(`${problem}error: still missing: ${still.join(", ")}`);
  console.error(`hint: as root: apt-get update && ${words.join(" ")}`);
  Deno.exit(1);
}

/** Whether {@linkcode ensure} would install: as root, where there is apt-get. */
export async function canInstall(): Promise<boolean> {
  return Deno.build.os === "linux" && Deno.uid() === 0 && await isThere("apt-get");
}

async function isThere(need: string): Promise<boolean> {
  // The path of a plain user has no sbin.
  const folders = [...(Deno.env.get("PATH") ?? "").split(":"), "/usr/local/sbin", "/usr/sbin"];
  const paths = need.startsWith("/")
    ? [need]
    : [...folders, "/sbin"].map((folder) => `${folder}/${need}`);
  for (const path of paths) {
    if (await Deno.stat(path).then(({ isFile }) => isFile, () => false)) return true;
  }
  return false;
}

/** Tries what is known of the packages first: lists are fetched only when that is not enough. */
async function install(words: readonly string[]): Promise<string> {
  if (await apt(words) === "") return "";
  return await apt(["update"]) + await apt(words);
}

/** What apt-get has to say when it fails; nothing when it does not. */
async function apt(words: readonly string[]): Promise<string> {
  return await output("apt-get", [
    ...["-qq", "-y", "-o", "DPkg::Lock::Timeout=120", "-o", "Dpkg::Use-Pty=0"],
    ...words,
  ]);
}

/**
 * A test needs the program sshd, nobody needs a new door into this machine: its service is masked
 * while it is installed, and disabled before that ends. Without systemd, a runlevel in which
 * nothing is started does the same.
 */
async function withoutStarting(
  packages: readonly string[],
  work: () => Promise<string>,
): Promise<string> {
  const running = await Deno.stat("/run/systemd/system").then(() => true, () => false);
  if (!running || !packages.includes("openssh-server")) return await work();
  const units = ["ssh.service", "ssh.socket"];
  await output("systemctl", ["mask", "--runtime", ...units]);
  try {
    return await work();
  } finally {
    await output("systemctl", ["disable", ...units]);
    await output("systemctl", ["unmask", "--runtime", ...units]);
  }
}

async function output(command: string, args: readonly string[]): Promise<string> {
  const env = { DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1", LC_ALL: "C.UTF-8" };
  const { success, stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
    env,
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return success ? "" : `${decoder.decode(stdout)}${decoder.decode(stderr)}\n`;
}
