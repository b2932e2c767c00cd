/**
 * A current nix beside Debian 12's: Debian's newest release has one. It is unpacked into a folder of the
 * cache and made to use the libraries there.
 *
 * @module
 */
import { run } from "../../lib/process.ts";

const TOOLS = ["nix", "nix-store", "nix-daemon", "nix-env", "nix-instantiate"];

/** A nix that can be run: a folder for the PATH, and its version. */
export interface Nix {
  readonly bin: string;
  readonly version: string;
}

/** The machine's own nix. */
export async function systemNix(): Promise<Nix> {
  return { bin: "/usr/bin", version: await version("nix") };
}

/** The newest nix of Debian, from the machine's own mirror; fetched once. */
export async function currentNix(): Promise<Nix> {
  // Not below a home: the boxes of the loopback tests see none of this machine's, but they see this.
  const folder = `/var/tmp/nixos-anywhere-deno-${Deno.uid()}/nix-current`;
  const bin = `${folder}/bin`;
  if (!await Deno.stat(bin).catch(() => undefined)) await unpack(folder);
  return { bin, version: await version(`${bin}/nix`) };
}

async function unpack(folder: string): Promise<void> {
  const parent = folder.slice(0, folder.lastIndexOf("/"));
  await Deno.mkdir(parent, { recursive: true });
  const aside = await Deno.makeTempDir({ dir: parent, prefix: "nix-new-" });
  try {
    const root = `${aside}/root`;
    // A mirror that lags behind is good enough; signatures are checked all the same.
    const lenient = '--aptopt=Acquire::Check-Valid-Until "false"';
    const words = [
      "mmdebstrap",
      "--quiet",
      lenient,
      "--variant=extract",
      "--include=nix-bin",
      "sid",
      root,
    ];
    await run([...words, await mirror()], { deadline: 300_000 });
    await Deno.mkdir(`${aside}/bin`);
    const libraries = `${Deno.build.arch}-linux-gnu`;
    // The final place: what is patched in now has to hold after the folder got its name.
    const lib = `${folder}/root/usr/lib/${libraries}`;
    const loader =
      (await run(["sh", "-c", 'ls "$1"/ld-linux-*.so.*', "sh", `${root}/usr/lib/${libraries}`]))
        .stdout
        .trim().split("/").at(-1) ?? "";
    const nix = `${aside}/bin/nix`;
    await Deno.copyFile(`${root}/usr/bin/nix`, nix);
    const patch = ["--set-interpreter", `${lib}/${loader}`, "--force-rpath", "--set-rpath", lib];
    await run(["patchelf", ...patch, nix], { deadline: 60_000 });
    for (const tool of TOOLS.slice(1)) await Deno.symlink("nix", `${aside}/bin/${tool}`);
    await Deno.chmod(aside, 0o755);
    // Whoever came first wins: both made the same.
    await Deno.rename(aside, folder).catch(() => {});
  } finally {
    await Deno.remove(aside, { recursive: true }).catch(() => {});
  }
}

/** Where this machine gets its Debian packages: the address of a mirror. */
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

async function version(program: string): Promise<string> {
  const { stdout } = await run([program, "--version"], { deadline: 30_000 });
  return stdout.trim().split(" ").at(-1) ?? "";
}
