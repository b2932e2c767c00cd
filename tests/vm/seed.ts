/** What makes one machine differ from the next: a small archive appended to the first system's initramfs. */
import { run, shell } from "./build/run.ts";

// perl-base is part of every Debian.
const PASSWORD_HASH = 'print crypt($ARGV[0], "\\$6\\$emulated\\$")';

export interface SeedOptions {
  readonly authorizedKeys: readonly string[];
  readonly password?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Makes keys and an initramfs below a folder; returns the initramfs and the public host keys. */
export async function seedInitrd(
  folder: string,
  targetInitrd: string,
  { authorizedKeys, password, signal }: SeedOptions,
): Promise<{ initrd: string; hostKeys: string[] }> {
  const root = `${folder}/seed`;
  const initrd = `${folder}/initrd`;
  await Deno.mkdir(`${root}/etc/ssh`, { recursive: true });
  const hostKeys = await Promise.all(["ed25519", "ecdsa"].map(async (type) => {
    const file = `${root}/etc/ssh/ssh_host_${type}_key`;
    await run("ssh-keygen", ["-q", "-t", type, "-N", "", "-C", "root@target", "-f", file], {
      signal,
    });
    return (await Deno.readTextFile(`${file}.pub`)).trim();
  }));
  const keys = authorizedKeys.map((key) => `${key.trim()}\n`).join("");
  for (const home of ["root", "home/admin", "home/operator", "home/fisher"]) {
    await Deno.mkdir(`${root}/${home}/.ssh`, { recursive: true });
    for (const path of [`${root}/${home}`, `${root}/${home}/.ssh`]) await Deno.chmod(path, 0o700);
    await Deno.writeTextFile(`${root}/${home}/.ssh/authorized_keys`, keys, { mode: 0o600 });
  }
  if (password !== undefined) {
    const hash = await run("perl", ["-e", PASSWORD_HASH, password], { signal });
    await Deno.writeTextFile(`${root}/etc/vm-password`, `${hash}\n`, { mode: 0o600 });
  }
  // Host keys go to known_hosts; the archive is the only one to hold the private ones.
  const text = 'cp "$2" "$3"; cd "$1"; find . | cpio -o -H newc -R 0:0 --quiet | gzip -1 >> "$3"';
  await shell(text, [root, targetInitrd, initrd], { signal });
  await Deno.remove(root, { recursive: true });
  return { initrd, hostKeys };
}
