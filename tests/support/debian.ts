/**
 * Programs of Debian's newest release beside this machine's own: unpacked into a folder of the cache, and made
 * to use the libraries that came with them.
 *
 * @module
 */
import { run } from "../../lib/process.ts";

/** What was unpacked. */
export interface Unpacked {
  /** The folder that the packages and what they depend on were unpacked into. */
  readonly root: string;
  /** The folder of their libraries, below the root. */
  readonly libraries: string;
  /** The file name of the dynamic loader in it. */
  readonly loader: string;
}

/**
 * The folder `name` of the cache, filled by `fill` when it is not there: the packages are in its `root`. What
 * `fill` does has to hold after the folder got its name.
 */
export async function newestOf(
  name: string,
  packages: readonly string[],
  fill: (aside: string, unpacked: Unpacked, folder: string) => Promise<void>,
): Promise<string> {
  // The containers of the loopback tests, which need root, have a /home and a /var/tmp of their own.
  const uid = Deno.uid();
  const parent = uid === 0
    ? "/var/cache/nixos-anywhere-deno"
    : `/var/tmp/nixos-anywhere-deno-${uid}`;
  const folder = `${parent}/${name}`;
  if (await Deno.stat(folder).catch(() => undefined)) return folder;
  await Deno.mkdir(parent, { recursive: true });
  const aside = await Deno.makeTempDir({ dir: parent, prefix: `${name}-new-` });
  try {
    const root = `${aside}/root`;
    // A mirror that lags behind is good enough; signatures are checked all the same.
    const lenient = '--aptopt=Acquire::Check-Valid-Until "false"';
    const include = `--include=${packages.join(",")}`;
    const words = ["mmdebstrap", "--quiet", lenient, "--variant=extract", include, "sid", root];
    await run([...words, await mirror()], { timeout: 600_000 });
    const libraries = `usr/lib/${Deno.build.arch}-linux-gnu`;
    const list = ["sh", "-c", 'ls "$1"/ld-linux-*.so.*', "sh", `${root}/${libraries}`];
    const loader = (await run(list)).stdout.trim().split("/").at(-1) ?? "";
    await fill(aside, { root, libraries, loader }, folder);
    await Deno.chmod(aside, 0o755);
    // Whoever came first wins: both made the same.
    await Deno.rename(aside, folder).catch(() => {});
  } finally {
    await Deno.remove(aside, { recursive: true }).catch(() => {});
  }
  return folder;
}

/** Makes a program use the libraries that will be in the folder `lib`. */
export async function useLibraries(program: string, lib: string, loader: string): Promise<void> {
  const patch = ["--set-interpreter", `${lib}/${loader}`, "--force-rpath", "--set-rpath", lib];
  await run(["patchelf", ...patch, program], { timeout: 60_000 });
}

/** Where this machine gets its packages. */
export async function mirror(): Promise<string> {
  const { stdout } = await run([
    "apt-get",
    "indextargets",
    "--format",
    "$(REPO_URI)",
    "Created-By: Packages",
  ]);
  const uri = stdout.split("\n").find((line) => /\/debian\/?$/.test(line.trim()));
  if (uri === undefined) throw new Error(`no Debian mirror among: ${stdout}`);
  return uri.trim();
}
