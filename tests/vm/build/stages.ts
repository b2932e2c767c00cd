/** The file trees of the machine's three lives: plain Linux, installer, installed system. */
import type { Kernel } from "./kernel.ts";
import { shell } from "./run.ts";
import { addBusybox, addPrograms, librariesOf, makeTree, overlay, pack } from "./tree.ts";

const SSHD = ["sshd", "ssh-keygen", "scp", "/usr/lib/openssh/sftp-server"];
const TOOLS = words(
  "bash tar gzip xz zstd ip curl ps setsid nohup install stat lsblk blkid mount umount mountpoint swapoff",
);
const DISK_TOOLS = words(
  "bash sfdisk mkfs.ext4 mount umount mountpoint blkid lsblk wipefs findmnt",
);
const NIX_NAMES = words(
  "build channel collect-garbage copy-closure daemon env hash instantiate store",
);
const NSS_DNS = "/usr/lib/x86_64-linux-gnu/libnss_dns.so.2";

/** What every stage is built with. */
export interface StageInput {
  /** An empty place for trees, removed afterwards. */
  readonly work: string;
  readonly guest: URL;
  readonly kernel: Kernel;
  readonly signal?: AbortSignal | undefined;
}

/** The initramfs of the Linux that gets replaced. */
export async function buildTarget(
  archive: string,
  { work, guest, kernel, signal }: StageInput,
): Promise<void> {
  const root = `${work}/target`;
  await makeTree(root);
  await addPrograms(root, [
    ...SSHD,
    ...TOOLS,
    ...["dash", "fish", "cpio", "wget", "doas", "sudo"],
    ...["/usr/libexec/sudo/sudoers.so", "/usr/libexec/sudo/libsudo_util.so.0"],
    ...["pam_permit", "pam_deny"].map((name) => `/usr/lib/x86_64-linux-gnu/security/${name}.so`),
  ]);
  await Deno.symlink("dash", `${root}/usr/bin/sh`);
  await addBusybox(root);
  await addModules(root, kernel);
  await overlay(root, new URL("common/", guest));
  await overlay(root, new URL("target/", guest));
  for (const user of ["admin", "operator", "fisher"]) await Deno.mkdir(`${root}/home/${user}`);
  await pack(root, archive, signal);
}

/** The kexec image: a tarball with a script, two programs, a kernel and an initramfs. */
export async function buildKexecTarball(
  archive: string,
  { work, guest, kernel, signal }: StageInput,
): Promise<void> {
  const root = `${work}/installer`;
  await makeTree(root);
  await addPrograms(root, [
    ...SSHD,
    ...TOOLS,
    ...DISK_TOOLS,
    "cpio",
    "jq",
    "kexec",
    "unshare",
    "findmnt",
    "nix",
    NSS_DNS,
  ]);
  for (const name of NIX_NAMES) await Deno.symlink("nix", `${root}/usr/bin/nix-${name}`);
  // Asked before every build on the machine.
  await Deno.mkdir(`${root}/usr/libexec/nix`, { recursive: true });
  await Deno.symlink("../../bin/nix", `${root}/usr/libexec/nix/build-remote`);
  await Deno.symlink("bash", `${root}/usr/bin/sh`);
  await addBusybox(root);
  await addModules(root, kernel);
  await overlay(root, new URL("common/", guest));
  await overlay(root, new URL("installer/", guest));
  const image = `${work}/kexec`;
  await Deno.mkdir(`${image}/lib`, { recursive: true });
  await pack(root, `${image}/initrd`, signal);
  await Deno.copyFile(kernel.bzImage, `${image}/bzImage`);
  await Deno.copyFile(new URL("kexec/run", guest), `${image}/run`);
  const programs = ["/usr/sbin/kexec", "/usr/bin/ip"];
  for (const program of programs) {
    const name = program.slice(program.lastIndexOf("/") + 1);
    await Deno.copyFile(new URL("kexec/bundled", guest), `${image}/${name}`);
    await Deno.copyFile(program, `${image}/lib/${name}`);
  }
  for (const library of await librariesOf(programs)) {
    const name = library.slice(library.lastIndexOf("/") + 1);
    await Deno.copyFile(library, `${image}/lib/${name.startsWith("ld-linux") ? "ld.so" : name}`);
  }
  const text =
    'cd "$1"; chmod 755 run kexec ip lib/*; cd ..; tar -c --owner=0 --group=0 kexec | gzip -1 > "$2"';
  await shell(text, [image, archive], { signal });
}

/** The flake whose configurations get installed: files beside a flake.nix, no inputs. */
export async function buildFlake(
  flake: string,
  { work, guest, kernel, signal }: StageInput,
): Promise<void> {
  await overlay(flake, new URL("flake/", guest));

  const rootfs = `${flake}/rootfs`;
  await makeTree(rootfs);
  await addPrograms(rootfs, [
    ...SSHD,
    ...TOOLS,
    "dash",
    "extlinux",
    "findmnt",
    "sfdisk",
  ]);
  await Deno.mkdir(`${rootfs}/usr/lib/EXTLINUX`);
  await Deno.copyFile("/usr/lib/EXTLINUX/mbr.bin", `${rootfs}/usr/lib/EXTLINUX/mbr.bin`);
  await Deno.symlink("bash", `${rootfs}/usr/bin/sh`);
  await addBusybox(rootfs);
  await overlay(rootfs, new URL("common/", guest));

  const tools = `${flake}/tools`;
  await makeTree(tools);
  await addPrograms(tools, DISK_TOOLS);
  await addBusybox(tools);

  const initrd = `${work}/stage1`;
  await makeTree(initrd);
  await addBusybox(initrd);
  await addModules(initrd, kernel);
  await Deno.mkdir(`${initrd}/sysroot`);
  await overlay(initrd, new URL("stage1/", guest));
  await Deno.mkdir(`${initrd}/usr/lib/vm`, { recursive: true });
  await Deno.copyFile(new URL("common/usr/lib/vm/boot.sh", guest), `${initrd}/usr/lib/vm/boot.sh`);
  for (const name of ["initrd", "kernel", "static"]) {
    await Deno.mkdir(`${flake}/${name}`, { recursive: true });
  }
  await pack(initrd, `${flake}/initrd/initrd`, signal);
  await Deno.copyFile(kernel.bzImage, `${flake}/kernel/bzImage`);
  await Deno.copyFile(`${tools}/usr/bin/busybox`, `${flake}/static/busybox`);
  await Deno.writeTextFile(`${flake}/authorized_keys`, "");
}

async function addModules(root: string, kernel: Kernel): Promise<void> {
  const folder = `${root}/usr/lib/vm/modules`;
  await Deno.mkdir(folder, { recursive: true });
  const names: string[] = [];
  for (const module of kernel.modules) {
    const name = module.slice(module.lastIndexOf("/") + 1);
    await Deno.copyFile(module, `${folder}/${name}`);
    names.push(name);
  }
  await Deno.writeTextFile(`${folder}/order`, names.join("\n") + "\n");
}

function words(text: string): string[] {
  return text.split(" ");
}
