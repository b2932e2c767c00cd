/** Root file systems made of this machine's programs and the libraries they ask for. */
import { run, shell } from "./run.ts";

const ICU_DATA = /\/libicudata\.so\.\d+$/;

/** Makes an empty root file system with the merged /usr of Debian. */
export async function makeTree(root: string): Promise<void> {
  for (const name of ["bin", "sbin", "lib", "lib64"]) {
    await Deno.mkdir(`${root}/usr/${name}`, { recursive: true });
    await Deno.symlink(`usr/${name}`, `${root}/${name}`);
  }
  for (const name of ["dev", "proc", "sys", "run", "tmp", "var", "mnt", "root", "etc", "home"]) {
    await Deno.mkdir(`${root}/${name}`);
  }
  await Deno.chmod(`${root}/tmp`, 0o1777);
  await Deno.chmod(`${root}/root`, 0o700);
}

/** Copies programs (names on the PATH, or absolute paths) and their libraries to the same places below a root. */
export async function addPrograms(root: string, programs: readonly string[]): Promise<void> {
  const paths = await Promise.all(programs.map(onPath));
  for (const path of new Set(paths)) await copyInto(root, path);
  for (const library of await librariesOf(paths)) await copyInto(root, library);
}

/** The absolute paths of the shared libraries, the dynamic loader among them, that programs load. */
export async function librariesOf(programs: readonly string[]): Promise<string[]> {
  const listed = await run("ldd", programs);
  const found = new Set<string>();
  for (const line of listed.split("\n")) {
    const path = /^\s+(?:\S+ => )?(\/\S+) \(0x/.exec(line)?.[1];
    if (path !== undefined) found.add(path);
  }
  return [...found];
}

/** Puts a static busybox into a tree, and a link for each of its commands that is not there yet. */
export async function addBusybox(root: string): Promise<void> {
  await Deno.copyFile(await onPath("busybox"), `${root}/usr/bin/busybox`);
  for (const name of (await run("busybox", ["--list"])).split("\n")) {
    if (name === "" || name === "busybox") continue;
    if (await exists(`${root}/usr/bin/${name}`) || await exists(`${root}/usr/sbin/${name}`)) {
      continue;
    }
    await Deno.symlink("busybox", `${root}/usr/bin/${name}`);
  }
}

/** Copies a folder of scripts and settings over a tree; what lies in a bin folder becomes executable. */
export async function overlay(root: string, folder: URL): Promise<void> {
  await run("cp", [
    "-R",
    "--remove-destination",
    "--no-preserve=mode,ownership",
    `${folder.pathname}.`,
    root,
  ]);
  await shell('find "$1" -type f \\( -path "*bin/*" -o -name init \\) -exec chmod 755 {} +', [
    root,
  ]);
}

/** Packs a tree as a compressed cpio that a kernel takes as its initramfs; everything in it belongs to root. */
export async function pack(root: string, archive: string, signal?: AbortSignal): Promise<void> {
  const text =
    'cd "$1"; find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --quiet | zstd -q -3 -T0 -f -o "$2"';
  await shell(text, [root, archive], { signal });
}

async function copyInto(root: string, path: string): Promise<void> {
  const target = `${root}${/^\/(bin|sbin|lib|lib64)\//.test(path) ? "/usr" : ""}${path}`;
  if (await exists(target)) return;
  await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
  if (ICU_DATA.test(path)) return await copyWithoutData(path, target);
  await Deno.copyFile(path, target);
  // Deno.copyFile keeps neither the set-user-id bit everywhere nor is it promised to.
  await Deno.chmod(target, ((await Deno.stat(path)).mode ?? 0o755) & 0o7777);
}

/**
 * Copies ICU's data library with its tables blanked. nix loads it, through libxml2, and never reads it; this way its
 * 31 MB pack to nothing.
 */
async function copyWithoutData(path: string, target: string): Promise<void> {
  const bytes = await Deno.readFile(path);
  // The symbols lie in the first page, the dynamic section at the end.
  bytes.fill(0, 65536, bytes.length - 65536);
  await Deno.writeFile(target, bytes);
}

async function onPath(program: string): Promise<string> {
  if (program.startsWith("/")) return program;
  for (const folder of ["/usr/bin", "/usr/sbin", "/bin", "/sbin"]) {
    if (await exists(`${folder}/${program}`)) return `${folder}/${program}`;
  }
  throw new Error(`Cannot find the program ${program}`);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}
