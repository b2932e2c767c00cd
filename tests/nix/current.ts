/**
 * A current nix beside Debian 12's: Debian's newest release has one. It is unpacked into a folder of the
 * cache and made to use the libraries there.
 *
 * @module
 */
import { run } from "../../lib/process.ts";
import { newestOf, useLibraries } from "../support/debian.ts";

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
  const folder = await newestOf("nix-current", ["nix-bin"], async (aside, unpacked, folder) => {
    const { root, libraries, loader } = unpacked;
    await Deno.mkdir(`${aside}/bin`);
    const nix = `${aside}/bin/nix`;
    await Deno.copyFile(`${root}/usr/bin/nix`, nix);
    await useLibraries(nix, `${folder}/root/${libraries}`, loader);
    for (const tool of TOOLS.slice(1)) await Deno.symlink("nix", `${aside}/bin/${tool}`);
  });
  return { bin: `${folder}/bin`, version: await version(`${folder}/bin/nix`) };
}

async function version(program: string): Promise<string> {
  const { stdout } = await run([program, "--version"], { timeout: 30_000 });
  return stdout.trim().split(" ").at(-1) ?? "";
}
