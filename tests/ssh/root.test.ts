import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { LoginError } from "../../lib/errors.ts";
import { hasAesHere } from "../../lib/ssh/fast_cipher.ts";
import { getFacts } from "../../lib/ssh/get_facts.ts";
import { makeTemporaryKey, revoke } from "../../lib/ssh/temporary_key.ts";
import { PASSWORD } from "../support/loopback/mod.ts";
import { ignore, login, sharedContainer } from "./fixture.ts";

const container = sharedContainer();
const logInWithPassword = () => login(container(), "pwuser", { password: PASSWORD });

Deno.test("getFacts() knows how each user becomes root", { ignore }, async () => {
  const wanted = { root: "root", admin: "sudo", plain: "none", fishy: "sudo" };
  for (const [user, become] of Object.entries(wanted)) {
    await using target = await login(container(), user);
    const facts = await getFacts(target);
    assertEquals([facts.user, facts.become], [user, become]);
    assertEquals([facts.kexec, facts.container, facts.bootId], [
      "possible",
      "none",
      container().bootId,
    ]);
    assertEquals(facts.aes, await hasAesHere());
    assertEquals(facts.hostKeys, container().hostKeys.map((key) => key.publicKey));
  }
});

Deno.test(
  "getFacts() gives sudo its password and leaves nothing of it behind",
  { ignore },
  async () => {
    {
      await using target = await logInWithPassword();
      const sudoPassword = () => Promise.resolve(PASSWORD);
      const { askpass, become } = await getFacts(target, { sudoPassword });
      assertEquals(become, "sudo-password");
      const words = ["env", `SUDO_ASKPASS=${askpass}`, "sudo", "-A", "id", "-un"];
      for (let time = 0; time < 3; time++) assertEquals((await target.run(words)).stdout, "root\n");
      const { stdout } = await container().run(
        "ps -ewwo args; env; cat /home/pwuser/.nixos*/askpass",
      );
      assert(!stdout.includes(PASSWORD));
      assertMatch(
        (await container().run("ls -la /home/pwuser")).stdout,
        /^drwx------ .* \.nixos-anywhere/m,
      );
    }
    const left = async () => (await container().run("ls -A /home/pwuser; pgrep -u pwuser")).stdout;
    for (let tries = 0; await left() !== "" && tries < 100; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assertEquals(await left(), "");
  },
);

Deno.test(
  "getFacts() throws a LoginError when sudo does not take the password",
  { ignore },
  async () => {
    await using target = await logInWithPassword();
    const sudoPassword = () => Promise.resolve("wrong");
    await assertRejects(() => getFacts(target, { sudoPassword }), LoginError, "sudo does not take");
  },
);

Deno.test(
  "revoke() takes just one key out of this login's authorized keys",
  { ignore },
  async () => {
    const file = "/home/pwuser/.ssh/authorized_keys";
    const before = "# mine\nssh-ed25519 AAAA other\n";
    const key = await makeTemporaryKey();
    await container().run(
      `su pwuser -c 'mkdir -p ~/.ssh; printf "%s%s\n" "${before}" "${key.publicKey}" >${file}'`,
    );
    await using target = await logInWithPassword();
    await using other = await login(container(), "pwuser", { temporaryKey: key.privateKey });
    assertEquals(other.method, "publickey");
    await revoke(target, key);
    assertEquals((await container().run(`cat ${file}`)).stdout, before);
  },
);
