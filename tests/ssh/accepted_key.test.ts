import { assertEquals } from "@std/assert";
import { parseAcceptedKey, personNeeded } from "../../lib/ssh/accepted_key.ts";
import { hasPassphrase } from "../../lib/ssh/key_agent.ts";
import { LoginLog } from "../../lib/ssh/login_log.ts";
import { makeKey } from "../support/loopback/mod.ts";

const HASH = `SHA256:${"a".repeat(43)}`;

Deno.test("parseAcceptedKey() reads a file, an agent and a security key, and nothing of an old OpenSSH", () => {
  const read = (text: string) => {
    const key = parseAcceptedKey(text);
    return key && [key.path, key.type, key.from];
  };
  assertEquals(read(`/my home/id ED25519 ${HASH} explicit`), ["/my home/id", "ED25519", [
    "explicit",
  ]]);
  assertEquals(read(`me@pc RSA ${HASH} agent`), ["me@pc", "RSA", ["agent"]]);
  assertEquals(read(`/id_sk ED25519-SK ${HASH} explicit authenticator`), [
    "/id_sk",
    "ED25519-SK",
    ["explicit", "authenticator"],
  ]);
  assertEquals(read("pkalg ssh-rsa blen 279"), undefined);
});

Deno.test("LoginProgress.waitsFor names the person's part", () => {
  const waits = (...lines: string[]) => {
    const log = new LoginLog();
    for (const line of ["SSH2_MSG_SERVICE_ACCEPT received", ...lines]) log.add(`debug1: ${line}`);
    return log.progress.waitsFor;
  };
  const next = "Next authentication method: publickey";
  const accepts = (rest: string) => `Server accepts key: ${rest}`;
  assertEquals(waits(next), "the server's answer");
  assertEquals(waits(next, accepts(`/k ED25519 ${HASH} explicit`)), 'the passphrase of "/k"');
  assertEquals(
    waits(next, accepts(`/k ED25519-SK ${HASH} explicit authenticator agent`)),
    "the touch or the PIN of a security key",
  );
  assertEquals(
    waits(next, accepts(`k RSA ${HASH} agent`)),
    "an agent, which may want a confirmation",
  );
  assertEquals(
    waits("Next authentication method: password"),
    "the password, or the server's answer to it",
  );
  assertEquals(personNeeded(undefined), undefined);
});

Deno.test("hasPassphrase() tells keys of all formats apart", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/key`;
    await Deno.writeTextFile(path, (await makeKey()).privateKey, { mode: 0o600 });
    assertEquals(hasPassphrase(await Deno.readTextFile(path)), false);
    for (const format of ["RFC4716", "PEM", "PKCS8"]) {
      for (const [passphrase, wanted] of [["", false], ["secret", true]] as const) {
        await Deno.remove(path);
        const type = ["-q", "-t", "rsa", "-b", "2048", "-m", format, "-N", passphrase];
        await new Deno.Command("ssh-keygen", { args: [...type, "-f", path] }).output();
        assertEquals(hasPassphrase(await Deno.readTextFile(path)), wanted, format);
      }
    }
    assertEquals([hasPassphrase(""), hasPassphrase("ssh-ed25519 AAAA")], [false, false]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
