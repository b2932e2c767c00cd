import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { CommandError } from "../../lib/errors.ts";
import { run } from "../../lib/process.ts";
import type { Session } from "../../lib/ssh/session.ts";
import { ignore, login, sharedContainer, withTemp } from "./fixture.ts";

const container = sharedContainer();
const NIX_CONFIG = [
  "build-users-group =",
  "sandbox = false",
  "substituters =",
  "experimental-features = nix-command flakes",
].join("\n");

/** Copies a small path through the session into `store`, and returns its name. */
async function copy(target: Session, store: string): Promise<string> {
  let path = "";
  await withTemp(async (folder) => {
    // A store of our own: this machine need not have one.
    const own = `${folder}/store`;
    const env = { NIX_CONFIG, NIX_SSHOPTS: target.sshOptions, HOME: folder, USER: "root" };
    try {
      await Deno.writeTextFile(`${folder}/hello`, `hello ${crypto.randomUUID()}\n`);
      const { stdout } = await run(["nix-store", "--store", own, "--add", `${folder}/hello`], {
        env,
      });
      path = stdout.trim();
      assertMatch(path, /^\/nix\/store\/[a-z0-9]{32}-hello$/);
      const command = ["nix", "--store", own, "copy", "--no-check-sigs", "--to", store, path];
      await run(command, { env, timeout: 30_000 });
    } finally {
      // Store paths are read-only, folders too.
      await run(["chmod", "-R", "u+w", own], { allowFailure: true });
    }
  });
  return path;
}

Deno.test("Session.sshOptions let nix copy to the target's store", { ignore }, async () => {
  await using target = await login(container());
  for (const scheme of ["ssh", "ssh-ng"]) {
    const path = await copy(target, `${scheme}://target`);
    assertMatch((await target.run(["cat", path])).stdout, /^hello /);
    await target.run(["nix-store", "--check-validity", path]);
  }
  assertEquals(await container().logins(), ["root publickey"]);
});

Deno.test("Session.sshOptions let nix copy to a store below /mnt", { ignore }, async () => {
  await using target = await login(container());
  const path = await copy(target, "ssh-ng://target?remote-store=local?root=/mnt");
  assertMatch((await target.run(["cat", `/mnt${path}`])).stdout, /^hello /);
  const { code } = await target.run(["test", "-e", path], { allowFailure: true });
  assertEquals(code, 1);
});

Deno.test("Session.sshOptions keep nix from a login of its own", { ignore }, async () => {
  const target = await login(container());
  const before = (await container().logins()).length;
  await target[Symbol.asyncDispose]();
  await assertRejects(() => copy(target, "ssh-ng://target"), CommandError);
  assertEquals((await container().logins()).length, before);
  assert(target.ended);
});
