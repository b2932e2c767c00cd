// The key that opened the old system need not be one that the image finds in a file, nor log in again by itself.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { makeKey, PASSWORD } from "../support/loopback/mod.ts";
import type { Fixture } from "../support/install/fixture.ts";
import { attempt, condition, open, type Options, usual } from "./condition.ts";
import { Terminal } from "./terminal.ts";

/** An installer that lets in whom the image has gathered, and nobody else. */
const installer = { gathered: true } as const;
const nobody = { users: { root: { keys: "none" } } } as const;

function words(fixture: Fixture, user = "root"): string[] {
  return ["--phases", "kexec", "--timeout", "boot=20", ...usual(fixture, user)];
}

/** Boots into the installer, logs in there, and returns what was printed. */
async function boots(
  options: Options,
  prepare: (fixture: Fixture) => Promise<string[]> | string[] = words,
  env: Record<string, string> = {},
): Promise<string> {
  const { code, stderr, logins } = await attempt({ installer, ...options }, prepare, env);
  assertEquals(code, 0, stderr);
  assertMatch(logins.join("\n"), /^1 root publickey$/m);
  return stderr;
}

/** Writes the user's key into a file, perhaps with a passphrase, and returns its path. */
async function keyFile({ sandbox, key }: Fixture, passphrase = ""): Promise<string> {
  const path = `${sandbox.folder}/id`;
  await Deno.writeTextFile(path, key, { mode: 0o600 });
  const args = ["-p", "-q", "-N", passphrase, "-f", path];
  await new Deno.Command("ssh-keygen", { args, stdin: "null" }).output();
  return path;
}

condition("login", "a plain key in root's authorized_keys: nothing is added", async () => {
  const stderr = await boots({ breakpoints: { kexec: "cat /root/.ssh/* /etc/ssh/*" } });
  assertMatch(stderr, /^kexec \| keys gathered: 1$/m);
  assertMatch(stderr, /^kexec \| ssh-ed25519 \S+ identity$/m);
  assert(!stderr.includes("the key to the installer is kept"), stderr);
});

condition("login", "keys from an AuthorizedKeysCommand (OS Login, sssd)", () =>
  boots({
    target: {
      ...nobody,
      files: { "/etc/akc": { text: "#!/bin/sh\ncat /etc/keys.txt\n", mode: 0o755 } },
      sshdConfig: [
        "AuthorizedKeysCommand /etc/akc",
        "AuthorizedKeysCommandUser root",
        "AuthorizedKeysFile none",
      ],
    },
  }, async (fixture) => {
    const { container } = fixture.machine;
    await container.run(`echo '${container.identity.publicKey}' >/etc/keys.txt`);
    return words(fixture);
  }));

condition("login", "a user certificate", () =>
  boots(
    { target: { ...nobody, sshdConfig: ["TrustedUserCAKeys /etc/ssh/user_ca.pub"] } },
    async (fixture) => {
      const { sandbox, machine: { container } } = fixture;
      const [ca, file] = [await makeKey(), await keyFile(fixture)];
      await container.run(`echo '${ca.publicKey}' >/etc/ssh/user_ca.pub`);
      await Deno.writeTextFile(`${file}-ca`, ca.privateKey, { mode: 0o600 });
      await Deno.writeTextFile(`${file}.pub`, `${container.identity.publicKey}\n`);
      const args = ["-q", "-s", `${file}-ca`, "-I", "me", "-n", "root", `${file}.pub`];
      await new Deno.Command("ssh-keygen", { args }).output();
      assert((await Deno.stat(`${sandbox.folder}/id-cert.pub`)).isFile);
      return ["-i", file, ...words(fixture)];
    },
  ));

condition(
  "login",
  "a cert-authority line in authorized_keys",
  () =>
    boots({ target: nobody }, async (fixture) => {
      const [ca, file] = [await makeKey(), await keyFile(fixture)];
      await fixture.machine.container.run(
        `mkdir -p -m 700 /root/.ssh; echo 'cert-authority ${ca.publicKey}' >/root/.ssh/authorized_keys`,
      );
      await Deno.writeTextFile(`${file}-ca`, ca.privateKey, { mode: 0o600 });
      await Deno.writeTextFile(`${file}.pub`, `${fixture.machine.container.identity.publicKey}\n`);
      const args = ["-q", "-s", `${file}-ca`, "-I", "me", "-n", "root", `${file}.pub`];
      await new Deno.Command("ssh-keygen", { args }).output();
      return ["-i", file, ...words(fixture)];
    }),
);

for (const options of ["restrict", 'from="127.0.0.0/8",environment="A=ssh-x y"']) {
  condition(
    "login",
    `a key with options: ${options.split("=")[0]}`,
    () =>
      boots(
        { target: { ...nobody, sshdConfig: ["PermitUserEnvironment yes"] } },
        async (fixture) => {
          const { container } = fixture.machine;
          const line = `${options} ${container.identity.publicKey}`;
          await container.run(
            `mkdir -p /etc/ssh/authorized_keys.d; echo '${line}' >/etc/ssh/authorized_keys.d/root`,
          );
          return words(fixture);
        },
      ),
  );
}

condition("login", "AuthorizedKeysFile elsewhere", () =>
  boots({
    target: { ...nobody, sshdConfig: ["AuthorizedKeysFile /etc/keys/%u"] },
  }, async (fixture) => {
    const { container } = fixture.machine;
    await container.run(
      `mkdir -p /etc/keys; echo '${container.identity.publicKey}' >/etc/keys/root`,
    );
    return words(fixture);
  }));

condition("login", "a key in an agent", async () => {
  await using fixture = await open({ installer });
  const file = await keyFile(fixture);
  const socket = `${fixture.sandbox.folder}/agent`;
  const child = new Deno.Command("ssh-agent", {
    args: ["-D", "-a", socket],
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    while (!(await Deno.lstat(socket).catch(() => undefined))) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await new Deno.Command("ssh-add", { args: ["-q", file], env: { SSH_AUTH_SOCK: socket } })
      .output();
    await Deno.remove(file);
    const env = { SSH_AUTH_SOCK: socket, SSH_PRIVATE_KEY: "" };
    const { code, stderr } = await fixture.run(words(fixture), env, 90);
    assertEquals(code, 0, stderr);
    // An agent may want a confirmation: it is asked once.
    const log = await fixture.machine.container.log();
    const key = new TextDecoder().decode(
      (await new Deno.Command("ssh-add", { args: ["-l"], env }).output()).stdout,
    );
    assert(!log.includes(key.split(" ")[1] ?? "none"), log);
  } finally {
    child.kill("SIGTERM");
    await child.status;
  }
});

condition("login", "a password, authorized_keys and home read-only", () =>
  boots(
    {
      target: {
        users: { pwadmin: { password: true, sudo: "free", keys: "none" } },
        setup:
          "mkdir -p /home/pwadmin/.ssh; for f in /home/pwadmin /root/.ssh; do mount --bind $f $f; mount -o remount,bind,ro $f; done\n",
      },
    },
    (fixture) => ["--env-password", ...words(fixture, "pwadmin")],
    {
      SSHPASS: PASSWORD,
      SSH_PRIVATE_KEY: "",
    },
  ));

condition("login", "a password, without mount namespaces", async () => {
  const stderr = await boots(
    {
      target: {
        users: { root: { password: true, keys: "none" } },
        without: ["unshare"],
        files: { "/root/.ssh/authorized_keys": { text: "# mine", mode: 0o600 } },
      },
      breakpoints: { kexec: "cat /root/.ssh/authorized_keys" },
    },
    (fixture) => ["--env-password", ...words(fixture)],
    { SSHPASS: PASSWORD, SSH_PRIVATE_KEY: "" },
  );
  assertMatch(stderr, /^kexec \| # mine\nkexec \| ssh-ed25519 \S+ nixos-anywhere-\S+$/m);
});

for (
  const [what, script, exit] of [
    ["a failing image", "exit 3", 1],
    ["an image that is interrupted", "echo interrupt me; sleep 300", 130],
  ] as const
) {
  condition("login", `${what} without mount namespaces leaves no key behind`, async () => {
    const text = "ssh-ed25519 AAAA of somebody without a line feed";
    await using fixture = await open({
      target: {
        users: { root: { password: true, keys: "none" } },
        without: ["unshare"],
        files: { "/root/.ssh/authorized_keys": { text, mode: 0o600 } },
      },
      breakpoints: { kexec: script },
    });
    const { container } = fixture.machine;
    const look = async () =>
      (await container.run("ls -lR /etc/ssh /root")).stdout.replaceAll(/\d\d:\d\d/g, "");
    const before = await look();
    const env = { SSHPASS: PASSWORD, SSH_PRIVATE_KEY: "" };
    const running = fixture.start(["--env-password", ...words(fixture)], env, 90);
    if (exit === 130) {
      await running.said(/^kexec \| interrupt me$/m);
      running.signal("SIGINT");
    }
    const { code, stderr } = await running.end;
    assertEquals(code, exit, stderr);
    // What was interrupted ends there by itself.
    const runs = async () => (await container.run("pgrep -f arranged/[b]oot")).code === 0;
    for (let tries = 0; tries < 600 && await runs(); tries++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assertEquals(await look(), before);
    assertEquals((await container.run("cat /root/.ssh/authorized_keys")).stdout, text);
  });
}

condition("login", "a password, and nowhere to put a key: told before anything boots", async () => {
  const { code, stderr } = await attempt(
    {
      target: {
        users: { root: { password: true, keys: "none" } },
        without: ["unshare"],
        setup:
          "mkdir -p -m 700 /root/.ssh; for f in /root/.ssh /etc/ssh; do mount --bind $f $f; mount -o remount,bind,ro $f; done\n",
      },
    },
    (fixture) => ["--env-password", ...words(fixture)],
    { SSHPASS: PASSWORD, SSH_PRIVATE_KEY: "" },
  );
  assertEquals(code, 3, stderr);
  assertMatch(stderr, /^error: root@127\.0\.0\.1: no key can be handed to the installer: /m);
  assertMatch(stderr, /^state: nothing was changed on the target$/m);
  assert(!stderr.includes("Booting the installer"), stderr);
});

for (const gathered of [true, false]) {
  const what = gathered ? "" : ", an image that takes no keys over";
  condition("login", `an encrypted key without agent is asked for once${what}`, async () => {
    await using fixture = await open(
      gathered ? { installer } : {
        image: {
          run:
            "#!/bin/sh\necho machine will boot into nixos in 6s...\necho kexec >>/run/box/signals\n",
        },
      },
    );
    const key = await keyFile(fixture, "secret");
    await using terminal = new Terminal(fixture.sandbox, ["--yes", "-i", key, ...usual(fixture)], {
      "passphrase for": "secret",
    });
    const { asked, code, output } = await terminal.end;
    assertEquals([asked, code], [1, 0], output);
    assertEquals(await fixture.machine.logins(), [
      "0 root publickey",
      "1 root publickey",
      "2 root publickey",
    ]);
    assertEquals(await fixture.sandbox.left(), []);
  });
}

condition("login", "ssh waits for a passphrase: told as that", async () => {
  await using fixture = await open();
  const key = await keyFile(fixture, "secret");
  const words = ["--yes", "-i", key, "--timeout", "connect=5", ...usual(fixture)];
  await using terminal = new Terminal(fixture.sandbox, words, {});
  const { code, output } = await terminal.end;
  assertEquals(code, 1, output);
  assertMatch(output, /the login did not end within 5 s: it waits for the passphrase of/);
  assertEquals(await fixture.sandbox.left(), []);
});
