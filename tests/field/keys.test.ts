// The key that opened the old system need not be one that the image finds in a file, nor log in again by itself.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { makeKey, PASSWORD } from "../loopback/mod.ts";
import { attempt, condition, type Options, usual } from "./condition.ts";
import type { Scene } from "../flow/scene.ts";

/** An installer that lets in whom the image has gathered, and nobody else. */
const installer = { gathered: true } as const;
const nobody = { users: { root: { keys: "none" } } } as const;
const words = (scene: Scene, ...more: string[]) => [
  ...["--phases", "kexec", "--timeout", "boot=20", ...more],
  ...usual(scene),
];

async function bootsInto(
  options: Options,
  prepare: (scene: Scene) => Promise<string[]> | string[] = words,
  env: Record<string, string> = {},
): Promise<string> {
  const { code, stderr, logins } = await attempt({ installer, ...options }, prepare, env);
  assertEquals(code, 0, stderr);
  assertMatch(logins.join("\n"), /^1 root publickey$/m);
  return stderr;
}

condition("login", "keys from an AuthorizedKeysCommand (OS Login, sssd)", () =>
  bootsInto({
    target: {
      ...nobody,
      files: { "/etc/akc": { text: "#!/bin/sh\ncat /etc/keys.txt\n", mode: 0o755 } },
      sshdConfig: [
        "AuthorizedKeysCommand /etc/akc",
        "AuthorizedKeysCommandUser root",
        "AuthorizedKeysFile none",
      ],
    },
  }, async (scene) => {
    const { box } = scene.machine;
    await box.run(`echo '${box.identity.publicKey}' >/etc/keys.txt`);
    return words(scene);
  }));
