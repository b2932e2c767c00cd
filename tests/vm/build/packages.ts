/** What the build machine has to have, and the name of the cache entry that follows from it. */
import { run } from "./run.ts";

/** The Debian packages that the images and the machine are made of. */
export const PACKAGES: readonly string[] = [
  "bash",
  "busybox-static",
  "cpio",
  "curl",
  "e2fsprogs",
  "extlinux",
  "fdisk",
  "fish",
  "gzip",
  "iproute2",
  "jq",
  "kexec-tools",
  "kmod",
  "nix-bin",
  "opendoas",
  "openssh-client",
  "openssh-server",
  "openssh-sftp-server",
  "qemu-system-x86",
  "sudo",
  "tar",
  "util-linux",
  "wget",
  "xz-utils",
  "zstd",
];

/** Name and version of every installed package of the list. */
async function installedVersions(): Promise<Map<string, string>> {
  const { stdout } = await new Deno.Command("dpkg-query", {
    args: ["-W", "-f", "${Package}\\t${db:Status-Status}\\t${Version}\\n", ...PACKAGES],
    stderr: "null",
  }).output();
  const versions = new Map<string, string>();
  for (const line of new TextDecoder().decode(stdout).split("\n")) {
    const [name, status, version] = line.split("\t");
    if (name && version && status === "installed") versions.set(name, version);
  }
  return versions;
}

/** The Debian packages that are missing here; every package when this is no Debian. */
export async function missingPackages(): Promise<string[]> {
  try {
    const versions = await installedVersions();
    return PACKAGES.filter((name) => !versions.has(name));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [...PACKAGES];
    throw error;
  }
}

/** A digest of everything the images are made from: package versions and the files of this folder but tests. */
export async function digestOfInputs(folder: URL): Promise<string> {
  const versions = await installedVersions();
  const missing = PACKAGES.filter((name) => !versions.has(name));
  if (missing.length > 0) {
    throw new Error(
      `Cannot build the machine's images as packages are missing: apt-get install ${
        missing.join(" ")
      }`,
    );
  }
  const hashes = [[...versions].sort().join("\n")];
  for (const part of ["images.ts", "build/", "guest/"]) {
    for (const file of await filesBelow(new URL(part, folder))) {
      const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(file));
      hashes.push(`${file.href.slice(folder.href.length)} ${new Uint8Array(digest).toHex()}`);
    }
  }
  const all = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(hashes.join("\n")));
  return new Uint8Array(all).toHex().slice(0, 24);
}

async function filesBelow(url: URL): Promise<URL[]> {
  if (!url.href.endsWith("/")) return [url];
  const found: URL[] = [];
  for await (const entry of Deno.readDir(url)) {
    found.push(
      ...await filesBelow(new URL(entry.isDirectory ? `${entry.name}/` : entry.name, url)),
    );
  }
  return found.sort((a, b) => a.href < b.href ? -1 : 1);
}

/** Downloads Debian's kernel for virtual machines into a folder and unpacks it; nothing gets installed. */
export async function unpackKernelPackage(folder: string, signal?: AbortSignal): Promise<void> {
  const depends = await run("apt-cache", ["depends", "linux-image-cloud-amd64"], { signal }).catch(
    () => "",
  );
  const name = /Depends: (linux-image-\S+)/.exec(depends)?.[1];
  if (!name) {
    throw new Error(
      "Cannot find Debian's package linux-image-cloud-amd64: run apt-get update first",
    );
  }
  await Deno.mkdir(folder, { recursive: true });
  await run("apt-get", ["download", name], { cwd: folder, signal });
  for await (const entry of Deno.readDir(folder)) {
    if (entry.name.endsWith(".deb")) {
      await run("dpkg", ["-x", entry.name, "."], { cwd: folder, signal });
    }
  }
}
