/**
 * The ssh server of Debian's newest release in a container: from OpenSSH 9.8 on it shuts out a source whose
 * connections end without a login (`PerSourcePenalties`), as those of NixOS' installers do.
 *
 * @module
 */
import { run } from "../../../lib/process.ts";
import { newestOf, useLibraries } from "../debian.ts";
import type { ContainerFile } from "./options.ts";

const PROGRAMS = ["usr/sbin/sshd", "usr/lib/openssh/sshd-session", "usr/lib/openssh/sshd-auth"];

/** Where a container has the server's libraries. */
const LIBRARIES = "/usr/lib/openssh/current";

/** Files of a container whose sshd is the newest; fetched once from this machine's own mirror. */
export async function currentSshd(): Promise<Record<string, ContainerFile>> {
  const folder = await newestOf("sshd-current", ["openssh-server"], async (aside, unpacked) => {
    const { root, libraries, loader } = unpacked;
    await Deno.mkdir(`${aside}/files`);
    await Deno.mkdir(`${aside}/libraries`);
    const from = `${root}/${libraries}`;
    for (const path of PROGRAMS) {
      const listed = await run([
        ...[`${from}/${loader}`, "--library-path", from, "--list", `${root}/${path}`],
      ]);
      for (const [, library = ""] of listed.stdout.matchAll(/ => (\/\S+)/g)) {
        const name = library.slice(library.lastIndexOf("/") + 1);
        await Deno.copyFile(library, `${aside}/libraries/${name}`);
      }
      const program = `${aside}/files/${path.replaceAll("/", "+")}`;
      await Deno.copyFile(`${root}/${path}`, program);
      await useLibraries(program, LIBRARIES, loader);
    }
    await Deno.copyFile(`${from}/${loader}`, `${aside}/libraries/${loader}`);
  });
  const files: Record<string, ContainerFile> = {};
  const add = async (path: string, file: string) => {
    files[path] = { text: await Deno.readFile(file), mode: 0o755 };
  };
  for (const path of PROGRAMS) {
    await add(`/${path}`, `${folder}/files/${path.replaceAll("/", "+")}`);
  }
  for await (const { name } of Deno.readDir(`${folder}/libraries`)) {
    await add(`${LIBRARIES}/${name}`, `${folder}/libraries/${name}`);
  }
  return files;
}
