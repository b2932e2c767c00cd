import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { becomeRootSession, connect, getFacts } from "../../mod.ts";
import { noContainers, PASSWORD, startContainer } from "../support/loopback/mod.ts";

const ignore = await noContainers() !== undefined;
const OTHER =
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOtherOtherOtherOtherOtherOtherOtherOtherOth other";
const KEYS = "/root/.ssh/authorized_keys";

/** An installer that lets `nixos` in, and root by a key that nobody here has. */
const installer = (nixos: { keys: "home" | "etc" | "none"; password?: boolean }) =>
  startContainer({
    installer: true,
    users: { root: { keys: "none" }, nixos: { sudo: "free", ...nixos } },
    // Without its last line feed, as people leave such files.
    files: { [KEYS]: { text: OTHER, mode: 0o600 } },
  });

for (const keys of ["home", "etc"] as const) {
  const place = keys === "home" ? "home" : "/etc/ssh/authorized_keys.d";
  Deno.test(
    `becomeRootSession() lets root in with the user's keys from ${place}`,
    { ignore },
    async () => {
      await using container = await installer({ keys });
      const { host, port, identityFile } = container;
      const user = await connect(`nixos@${host}`, { port, identityFile, hostKey: "off" });
      await using root = await becomeRootSession(user, await getFacts(user));
      assertEquals((await root.run(["id", "-u"])).stdout, "0\n");
      assert(user.ended);
      const lines = (await root.run(["cat", KEYS])).stdout.trim().split("\n");
      assertEquals(lines[0], OTHER);
      assertEquals(lines.length, 2);
      assertEquals(await container.logins(), ["nixos publickey", "root publickey"]);
    },
  );
}

Deno.test(
  "becomeRootSession() takes its own key away again after a login by password",
  { ignore },
  async () => {
    await using container = await installer({ keys: "none", password: true });
    const { host, port } = container;
    const user = await connect(`nixos@${host}`, { port, password: PASSWORD, hostKey: "off" });
    await using root = await becomeRootSession(user, await getFacts(user));
    assertEquals((await root.run(["id", "-u"])).stdout, "0\n");
    assertEquals((await root.run(["cat", KEYS])).stdout.trim(), OTHER);
    assertStringIncludes((await root.run(["stat", "-c", "%a", KEYS])).stdout, "600");
  },
);

Deno.test("becomeRootSession() leaves root's own session as it is", { ignore }, async () => {
  await using container = await startContainer({ installer: true });
  const { host, port, identityFile } = container;
  await using session = await connect(`root@${host}`, { port, identityFile, hostKey: "off" });
  assertEquals(await becomeRootSession(session, await getFacts(session)), session);
});
