/**
 * The user's side: a program that sees a home folder with an `.ssh` of its own. ssh takes the home from
 * the user database and not from HOME, so only a mount namespace can do that. The true home is not
 * touched: the program sees an overlay of it in memory.
 *
 * @module
 */
import { userInfo } from "node:os";
import type { ContainerResult } from "./container.ts";

const INSIDE = `
set -eu
umask 077
home=$1 folder=$2
shift 2
mount -t tmpfs home "$folder/disk"
cd "$folder/disk"
mkdir upper work
[ ! -e "$home/.ssh" ] || mknod upper/.ssh c 0 0
mount -t overlay -o lowerdir="$home",upperdir=upper,workdir=work home "$home"
cp -r "$folder/ssh" "$home/.ssh"
cd "$folder"
exec "$@"
`;

/** Runs a program whose `~/.ssh` holds just `files`, by name. Does not throw when it fails. */
export async function atHome(
  command: readonly string[],
  files: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): Promise<ContainerResult> {
  const folder = await Deno.makeTempDir({ prefix: "home-" });
  try {
    await Deno.mkdir(`${folder}/disk`);
    await Deno.mkdir(`${folder}/ssh`);
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${folder}/ssh/${name}`, text, { mode: 0o600 });
    }
    const { code, stdout, stderr } = await new Deno.Command("timeout", {
      args: [
        "--kill-after=10",
        "900",
        "unshare",
        "--mount",
        "--propagation",
        "private",
        "sh",
        "-c",
        INSIDE,
        "sh",
      ]
        .concat([userInfo().homedir, folder], command),
      env: { ...env },
      stdin: "null",
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, stdout: text(stdout), stderr: text(stderr) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
