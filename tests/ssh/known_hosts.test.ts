import { assertEquals } from "@std/assert";
import { replaceHostKeys } from "../../lib/ssh/known_hosts.ts";
import { resolve } from "../../lib/ssh/resolve.ts";
import { makeKey } from "../support/loopback/mod.ts";

Deno.test("replaceHostKeys() finds the machine under the name that ssh has for it", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const [old, fresh] = [(await makeKey()).publicKey, (await makeKey()).publicKey];
    const path = `${folder}/known_hosts`;
    const names: [string, string[]][] = [
      ["127.0.0.1", []],
      ["[127.0.0.1]:2222", ["Port 2222"]],
      ["rack-7", ["Port 2222", "HostKeyAlias rack-7"]],
    ];
    await Deno.writeTextFile(path, names.map(([name]) => `${name} ${old}\n`).join(""));
    const hash = ["-H", "-f", path];
    await new Deno.Command("ssh-keygen", { args: hash, stdout: "null", stderr: "null" }).output();
    for (const [name, options] of names) {
      const where = await resolve(options, "127.0.0.1", undefined);
      await replaceHostKeys(where, [fresh], path);
      const args = ["-F", name, "-f", path];
      const { stdout } = await new Deno.Command("ssh-keygen", { args }).output();
      const found = new TextDecoder().decode(stdout).split("\n").filter((line) =>
        /^[^#]/.test(line)
      );
      assertEquals(found, [`${name} ${fresh}`]);
    }
    // A device is nobody's to change: with its mode, every program's /dev/null would be gone.
    const device = ["-m", "666", `${folder}/null`, "c", "1", "3"];
    if (Deno.uid() === 0 && (await new Deno.Command("mknod", { args: device }).output()).success) {
      const where = await resolve([`UserKnownHostsFile ${folder}/null`], "127.0.0.1", undefined);
      assertEquals(await replaceHostKeys(where, [fresh]), undefined);
      assertEquals((await Deno.stat(`${folder}/null`)).mode! & 0o777, 0o666);
    }
    await Deno.chmod(path, 0o644);
    const where = await resolve([], "127.0.0.1", undefined);
    await replaceHostKeys(where, [fresh], path);
    assertEquals((await Deno.stat(path)).mode! & 0o777, 0o644);
    const none = await resolve(["UserKnownHostsFile none"], "127.0.0.1", undefined);
    assertEquals(await replaceHostKeys(none, [fresh]), undefined);
    await replaceHostKeys(where, [fresh], `${folder}/new/known_hosts`);
    assertEquals(await Deno.readTextFile(`${folder}/new/known_hosts`), `127.0.0.1 ${fresh}\n`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
