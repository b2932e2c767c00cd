/**
 * The files that the emulated machine consists of, made from this Linux' own programs and Debian's kernel.
 *
 * @module
 */
import { fetchKernel } from "./build/kernel.ts";
import { digestOfInputs } from "./build/packages.ts";
import { run } from "./build/run.ts";
import { buildFlake, buildKexecTarball, buildTarget } from "./build/stages.ts";

export { missingPackages, PACKAGES } from "./build/packages.ts";

const FOLDER = new URL("./", import.meta.url);
const GUEST = new URL("guest/", FOLDER);
const TWO_DAYS = 2 * 24 * 3600 * 1000;

/** Paths of the finished files. They are shared and must not be changed. */
export interface Images {
  /** The folder that holds all of them. */
  readonly folder: string;
  /** The kernel (a bzImage) of all three systems. */
  readonly kernel: string;
  /** The initramfs of the plain Linux that an installation starts from. */
  readonly targetInitrd: string;
  /** The kexec image, a .tar.gz. */
  readonly kexecTarball: string;
  /** A flake with the configurations demo, encryptedDemo, askingDemo and generated; see {@linkcode flakeFor}. */
  readonly flake: string;
}

export interface BuildImagesOptions {
  readonly report?: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Builds the images, or finds them in the cache. Throws when packages are missing here, naming them. */
export async function buildImages(options: BuildImagesOptions = {}): Promise<Images> {
  const { report = () => {}, signal } = options;
  const cache = cacheFolder();
  const folder = `${cache}/${await digestOfInputs(FOLDER)}`;
  const images: Images = imagesIn(folder);
  // A folder gets its name when it is complete; the new time keeps it from being pruned.
  const found = await Deno.utime(folder, new Date(), new Date()).then(() => true, () => false);
  if (found) return images;

  const started = performance.now();
  report("building the machine's images");
  await Deno.mkdir(cache, { recursive: true });
  const aside = await Deno.makeTempDir({ dir: cache, prefix: "new-" });
  const work = await Deno.makeTempDir({ prefix: "vm-images-" });
  try {
    await Deno.chmod(aside, 0o755);
    const made = imagesIn(aside);
    report("fetching the kernel");
    const kernel = await fetchKernel(`${work}/kernel`, signal);
    const input = { work, guest: GUEST, kernel, signal };
    report(`packing the three systems around Linux ${kernel.version}`);
    await Promise.all([
      Deno.copyFile(kernel.bzImage, made.kernel),
      buildTarget(made.targetInitrd, input),
      buildKexecTarball(made.kexecTarball, input),
      buildFlake(made.flake, input),
    ]);
    // Whoever came first wins: both built the same.
    await Deno.rename(aside, folder).catch(async (error) => {
      if (!await Deno.stat(folder).then(() => true, () => false)) throw error;
    });
  } finally {
    await Promise.all([remove(aside), remove(work)]);
  }
  await prune(cache);
  report(`built the machine's images in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  return images;
}

export interface FlakeOptions {
  /** Lines of root's authorized_keys on the installed systems. */
  readonly authorizedKeys: readonly string[];
  /** The folder to write the flake to; made when it is missing. */
  readonly dir: string;
}

/** Writes a copy of the flake whose systems let these keys in; returns its folder. */
export async function flakeFor(images: Images, options: FlakeOptions): Promise<string> {
  const { authorizedKeys, dir } = options;
  await Deno.mkdir(dir, { recursive: true });
  await run("cp", ["-R", "--reflink=auto", `${images.flake}/.`, dir]);
  await Deno.writeTextFile(
    `${dir}/authorized_keys`,
    authorizedKeys.map((key) => `${key.trim()}\n`).join(""),
  );
  return await Deno.realPath(dir);
}

function cacheFolder(): string {
  const home = Deno.env.get("XDG_CACHE_HOME") || `${Deno.env.get("HOME") ?? "/tmp"}/.cache`;
  return `${home}/nixos-anywhere-deno/vm`;
}

function imagesIn(folder: string): Images {
  return {
    folder,
    kernel: `${folder}/kernel`,
    targetInitrd: `${folder}/target.cpio.zst`,
    kexecTarball: `${folder}/kexec.tar.gz`,
    flake: `${folder}/flake`,
  };
}

/** Removes what no run has used for two days, unfinished folders of killed runs among it. */
async function prune(cache: string): Promise<void> {
  for await (const entry of Deno.readDir(cache)) {
    const { mtime } = await Deno.stat(`${cache}/${entry.name}`).catch(() => ({ mtime: null }));
    if (mtime !== null && Date.now() - mtime.getTime() > TWO_DAYS) {
      await remove(`${cache}/${entry.name}`);
    }
  }
}

async function remove(path: string): Promise<void> {
  await Deno.remove(path, { recursive: true }).catch(() => {});
}
