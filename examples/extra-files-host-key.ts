/**
 * Secrets for the new system: an ssh host key from a password manager, which sops-nix or agenix then
 * decrypt the other secrets with, and a file that belongs to a user.
 *
 *     deno run -A examples/extra-files-host-key.ts .#web root@203.0.113.7 pass show web/ssh_host_key
 */
import { nixosAnywhere } from "@nixos-anywhere/deno";

const [flake = ".#web", host = "root@203.0.113.7", ...manager] = Deno.args;
const [program = "pass", ...args] = manager;

const key = await new Deno.Command(program, { args, stdin: "inherit", stderr: "inherit" }).output();
if (!key.success) throw new Error(`${program} gave no key`);

// What is in this folder goes to / of the new system, with its modes, owned by root.
const folder = await Deno.makeTempDir();
try {
  await Deno.mkdir(`${folder}/etc/ssh`, { recursive: true });
  // sshd refuses a key that others can read.
  await Deno.writeFile(`${folder}/etc/ssh/ssh_host_ed25519_key`, key.stdout, { mode: 0o600 });

  await Deno.mkdir(`${folder}/home/me`, { recursive: true });
  await Deno.writeTextFile(`${folder}/home/me/notes`, "installed from afar\n");

  await nixosAnywhere({
    flake,
    host,
    extraFiles: folder,
    // A number where the user gets its name only when the system starts.
    chown: [{ path: "/home/me", owner: "1000:100" }],
  });
} finally {
  await Deno.remove(folder, { recursive: true });
}
