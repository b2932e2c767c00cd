/**
 * An installer of one's own: for an architecture without a published image, with a VPN or drivers in it,
 * or for a target that does not reach the published one. This machine builds it and uploads it.
 *
 *     deno run -A examples/own-kexec-image.ts .#web root@203.0.113.7 aarch64-linux
 */
import { nixosAnywhere } from "@nixos-anywhere/deno";

const [flake = ".#web", host = "root@203.0.113.7", system = "aarch64-linux"] = Deno.args;

// Another system than this machine's needs a remote builder, or `boot.binfmt.emulatedSystems`.
const image =
  `github:nix-community/nixos-images#packages.${system}.kexec-installer-nixos-unstable-noninteractive`;
const { success, stdout } = await new Deno.Command("nix", {
  args: ["build", "--no-link", "--print-out-paths", image],
  stderr: "inherit",
}).output();
if (!success) throw new Error("the image was not built");

const folder = new TextDecoder().decode(stdout).trim();
const name = (await Array.fromAsync(Deno.readDir(folder)))
  .map((entry) => entry.name)
  .find((name) => name.endsWith(".tar.gz"));
if (name === undefined) throw new Error(`no .tar.gz in ${folder}`);

await nixosAnywhere({ flake, host, kexec: `${folder}/${name}` });
