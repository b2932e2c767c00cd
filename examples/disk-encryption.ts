/**
 * Full disk encryption with a passphrase from a password manager. The disko configuration reads it at
 * `/tmp/disk.key` while it formats: `settings.keyFile = "/tmp/disk.key";`.
 *
 *     deno run -A examples/disk-encryption.ts .#web root@203.0.113.7 pass show web/disk
 *
 * The command alone does it with a pipe, and no file at all:
 *
 *     … --disk-encryption-keys /tmp/disk.key <(pass show web/disk) --flake .#web root@203.0.113.7
 */
import { nixosAnywhere } from "@nixos-anywhere/deno";

const [flake = ".#web", host = "root@203.0.113.7", ...manager] = Deno.args;
const [program = "pass", ...args] = manager;

const { success, stdout } = await new Deno.Command(program, {
  args,
  stdin: "inherit",
  stderr: "inherit",
}).output();
if (!success) throw new Error(`${program} gave no passphrase`);

// disko takes every byte for the key: the line feed that a password manager prints is none of it.
const passphrase = new TextDecoder().decode(stdout).replace(/\r?\n$/, "");

const folder = await Deno.makeTempDir(); // only this user can look into it
try {
  const local = `${folder}/disk.key`;
  await Deno.writeTextFile(local, passphrase, { mode: 0o600 });
  await nixosAnywhere({
    flake,
    host,
    diskEncryptionKeys: [{ remote: "/tmp/disk.key", local }],
  });
} finally {
  await Deno.remove(folder, { recursive: true });
}
