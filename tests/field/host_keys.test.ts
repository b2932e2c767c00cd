// The installer has to show a host key that is known, wherever the old system keeps its own.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { ROOT } from "../checks/sources.ts";
import { atHome, makeKey, PASSWORD } from "../support/loopback/mod.ts";
import type { Fixture } from "../support/install/fixture.ts";
import { attempt, condition, open, type Options, usual } from "./condition.ts";

const CLI = decodeURIComponent(new URL("cli.ts", ROOT).pathname);

/** An installer that shows the host keys that the image has gathered, or else a new one. */
const installer = { gathered: true } as const;
const words = (
  fixture: Fixture,
) => ["--phases", "kexec", "--timeout", "boot=20", ...usual(fixture)];

/** Moves the host keys, and sshd's lines of them, elsewhere. */
const persist = "mkdir -p /persist; mv /etc/ssh/ssh_host_* /persist; " +
  "sed -i 's|^HostKey /etc/ssh/|HostKey /persist/|' /etc/ssh/sshd_config\n";

/** Boots into the installer, which shows the old system's key or, with `fresh`, another that is known. */
async function boots(options: Options, fresh = false): Promise<string> {
  await using fixture = await open({ installer, ...options });
  const { container } = fixture.machine;
  const shown = await container.run(
    "ssh-keyscan -p $(sed -n 's/^Port //p' /etc/ssh/sshd_config) 127.0.0.1",
  );
  const { code, stderr } = await fixture.run(words(fixture), {}, 90);
  assertEquals(code, 0, stderr);
  const keys = fixture.machine.container.hostKeys.map(({ publicKey }) => publicKey);
  assertEquals(keys.some((key) => shown.stdout.includes(key)), !fresh, shown.stdout);
  return stderr;
}

condition(
  "host keys",
  "elsewhere than in /etc/ssh (impermanence)",
  () => boots({ target: { setup: persist } }),
);

condition(
  "host keys",
  "links from /etc/ssh to elsewhere",
  () =>
    boots({
      target: {
        setup: "mkdir /persist; mv /etc/ssh/ssh_host_* /persist; ln -s /persist/* /etc/ssh\n",
      },
    }),
);

condition("host keys", "under names of their own, the usual ones belong to nobody", () =>
  boots({
    target: {
      setup: `${persist}ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key\n`,
    },
  }));

condition("host keys", "only RSA", () =>
  boots({
    target: {
      setup:
        "rm /etc/ssh/ssh_host_*; ssh-keygen -q -t rsa -b 2048 -N '' -f /etc/ssh/ssh_host_rsa_key; " +
        "sed -i 's|^HostKey .*|HostKey /etc/ssh/ssh_host_rsa_key|' /etc/ssh/sshd_config\n",
    },
  }));

condition("host keys", "only ECDSA, which the installer's ssh server does not use", async () => {
  const stderr = await boots({ target: { hostKeys: [await makeKey("ecdsa")] } }, true);
  assert(!stderr.includes("warning"), stderr);
});

/** A server whose keys nobody but itself can read, as dropbear's are. */
const unreadable = {
  setup: "mkdir /etc/other; mv /etc/ssh/ssh_host_* /etc/other; " +
    "sed -n 's|^HostKey /etc/ssh/|HostKey /etc/other/|p' /etc/ssh/sshd_config >/etc/other.conf; " +
    "sed -i '/^HostKey/d' /etc/ssh/sshd_config\n",
  sshdConfig: ["Include /etc/other.conf"],
  files: { "/usr/local/bin/sshd": { text: "#!/bin/sh\nexit 1\n", mode: 0o755 } },
} as const;

/** As GNU's in Turkish, where no i is between a and z: of a key there is less. */
const TURKISH_SED = `#!/bin/sh
case "\${LC_ALL-} $*" in
"C "*) exec /usr/bin/sed "$@" ;;
*a-z*) /usr/bin/sed "$@" | tr -d iI ;;
*) exec /usr/bin/sed "$@" ;;
esac
`;

condition(
  "host keys",
  "none that can be found, as with dropbear: one is planted and pinned, on a machine that speaks Turkish",
  async () => {
    const sed = { text: TURKISH_SED, mode: 0o755 };
    const files = { ...unreadable.files, "/usr/local/bin/sed": sed };
    const stderr = await boots({ target: { ...unreadable, files } }, true);
    assertMatch(stderr, /the installer is given host keys/);
  },
);

condition(
  "host keys",
  "elsewhere, without mount namespaces: planted, and taken away again",
  async () => {
    await boots({ target: { setup: persist, without: ["unshare"] } });
    await using fixture = await open({
      target: { setup: persist, without: ["unshare"] },
      breakpoints: { kexec: "ls /etc/ssh; exit 3" },
    });
    const { code, stderr } = await fixture.run(words(fixture), {}, 90);
    assertEquals(code, 1, stderr);
    assertMatch(stderr, /^kexec \| ssh_host_ed25519_key$/m);
    assertEquals((await fixture.machine.container.run("ls /etc/ssh/ssh_host_*")).stdout, "");
  },
);

condition(
  "host keys",
  "elsewhere, and an image that takes none over: told before anything boots",
  async () => {
    const { code, stderr } = await attempt({
      target: { setup: persist },
      image: {
        run:
          "#!/bin/sh\necho machine will boot into nixos in 6s...\necho kexec >>/run/box/signals\n",
      },
      installer: { hostKeys: [await makeKey()] },
    }, words);
    assertEquals(code, 3, stderr);
    assertMatch(stderr, /^error: root@127\.0\.0\.1: its host keys are not in \/etc\/ssh, /m);
    assertMatch(stderr, /^state: nothing was changed on the target$/m);
    assert(!stderr.includes("Booting the installer"), stderr);
  },
);

condition("host keys", "a certificate", async () => {
  await using fixture = await open({
    installer,
    target: {
      setup: "ssh-keygen -q -t ed25519 -N '' -f /etc/ca; cp /etc/ca.pub /run/box/ca.pub; " +
        "ssh-keygen -q -s /etc/ca -h -I box -n 127.0.0.1 /etc/ssh/ssh_host_ed25519_key.pub\n",
      sshdConfig: ["HostCertificate /etc/ssh/ssh_host_ed25519_key-cert.pub"],
    },
  });
  const ca = await Deno.readTextFile(`${fixture.machine.container.shared}/ca.pub`);
  await Deno.writeTextFile(`${fixture.sandbox.folder}/known_hosts`, `@cert-authority * ${ca}`);
  const { code, stderr } = await fixture.run(["--host-key", "strict", ...words(fixture)], {}, 90);
  assertEquals(code, 0, stderr);
});

condition("host keys", "one that was planted does not become the new system's", async () => {
  await using fixture = await open({
    installer,
    target: unreadable,
    breakpoints: { install: "ls /mnt/etc/ssh" },
  });
  const { code, stderr } = await fixture.run(["--copy-host-keys", ...usual(fixture)], {}, 90);
  assert(!/ssh_host_/.test(stderr), stderr);
  assertEquals(code, 0, stderr);
});

for (const named of [true, false]) {
  const what = named ? "--installer-host" : "found again by its host key";
  condition("after kexec", `another address: ${what}`, async () => {
    await using fixture = await open({
      target: { users: { root: { password: true, keys: "none" } } },
      installer: { ...installer, address: "::1" },
      installed: { address: "::1" },
    });
    const { machine, sandbox, image, options: { parts } } = fixture;
    const login = (host: string) => [
      ...["-p", `${machine.port}`, "--post-kexec-ssh-port", `${machine.port}`],
      ...["--known-hosts", `${sandbox.folder}/known_hosts`, `root@${host}`],
    ];
    const env = { SSHPASS: PASSWORD, SSH_PRIVATE_KEY: "" };
    const all = ["--env-password", "--kexec", image, "-s", parts.disko, parts.system];
    if (named) {
      const { code, stderr } = await fixture.run(
        [...all, "--phases", "kexec,disko", "--installer-host", "::1", ...login("127.0.0.1")],
        env,
        90,
      );
      assertEquals(code, 0, stderr);
      return;
    }
    const first = await fixture.run(
      [...all, "--timeout", "boot=3", ...login("127.0.0.1")],
      env,
      90,
    );
    assertEquals(first.code, 1, first.stderr);
    const second = await fixture.run([...all, ...login("::1")], env, 90);
    assertEquals(second.code, 0, second.stderr);
    assertMatch(second.stderr, /trying the installer that an earlier run has booted/);
    assertEquals(await sandbox.left(), []);
  });
}

condition(
  "sshd",
  "the user's ssh config allows what the old system has, and nothing that the next ones have",
  async () => {
    const [cipher, kex] = ["Ciphers aes128-cbc", "KexAlgorithms diffie-hellman-group14-sha1"];
    await using fixture = await open({ target: { sshdConfig: [cipher, kex] } });
    const command = [Deno.execPath(), "run", "-A", "--no-check", CLI, ...usual(fixture)];
    const env = { ...fixture.sandbox.env, SSH_PRIVATE_KEY: fixture.key };
    const { code, stderr } = await atHome(command, { config: `${cipher}\n${kex}\n` }, env);
    assertEquals(code, 0, stderr);
    assertMatch(stderr, /: its ssh server has no cipher that your ssh config allows: /);
    assertEquals((await fixture.machine.logins()).length, 3);
  },
);
