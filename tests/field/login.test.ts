/** Logins with passwords, beside agents full of keys and key files; what carries the login. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { connect } from "../../lib/steps/connect.ts";
import type { LoginOptions } from "../../lib/ssh/login_options.ts";
import {
  type Container,
  type ContainerOptions,
  makeKey,
  PASSWORD,
  startContainer,
} from "../support/loopback/mod.ts";
import { attempt, condition, open, usual } from "./condition.ts";

/** An agent that holds keys which nobody knows, and perhaps one more. */
async function agent(count: number, more?: string): Promise<AsyncDisposable & { socket: string }> {
  const folder = await Deno.makeTempDir();
  const socket = `${folder}/agent`;
  const child = new Deno.Command("ssh-agent", {
    args: ["-D", "-a", socket],
    stdout: "null",
    stderr: "null",
  }).spawn();
  while (!(await Deno.stat(socket).catch(() => undefined))) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const keys = await Promise.all(Array.from({ length: count }, () => makeKey()));
  for (
    const [at, text] of [...keys.map((key) => key.privateKey), ...(more ? [more] : [])].entries()
  ) {
    const file = `${folder}/key${at}`;
    await Deno.writeTextFile(file, text, { mode: 0o600 });
    await new Deno.Command("ssh-add", { args: ["-q", file], env: { SSH_AUTH_SOCK: socket } })
      .output();
  }
  return {
    socket,
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.status;
      await Deno.remove(folder, { recursive: true });
    },
  };
}

condition("login", "--env-password with seven keys in the agent", async () => {
  await using keys = await agent(7);
  await using fixture = await open({
    target: { users: { root: { password: true, keys: "none" } } },
  });
  const words = ["--env-password", "--dry-run", ...usual(fixture)];
  const env = { SSH_AUTH_SOCK: keys.socket, SSHPASS: PASSWORD };
  const { code, stderr } = await fixture.sandbox.start(words, env).end;
  assertEquals(code, 0, stderr);
  assertEquals(await fixture.machine.logins(), ["0 root password"]);
});

/** Logs in with seven keys in an agent, and returns how, with what sshd wrote down of it. */
async function logIn(
  container: Container,
  options: LoginOptions,
  more?: string,
): Promise<{ method: string | undefined; error: string; failed: number }> {
  await using keys = await agent(7, more);
  const sshOptions = [`IdentityAgent=${keys.socket}`];
  let [method, error]: [string | undefined, string] = [undefined, ""];
  try {
    const { host, port } = container;
    await using target = await connect(`pwuser@${host}`, {
      ...{ port, hostKey: "off", sshOptions, ...options },
    });
    method = target.method;
    assertEquals((await target.run(["id", "-un"])).stdout, "pwuser\n");
  } catch (thrown) {
    error = String(thrown);
  }
  const log = await container.log();
  return {
    method,
    error,
    failed: log.match(/Failed (password|keyboard-interactive\S*) for/g)?.length ?? 0,
  };
}

const users = (keys: "etc" | "none") => ({ pwuser: { password: true, keys } } as const);

condition(
  "login",
  "a password that is wrong, with seven keys in the agent, is sent once",
  async () => {
    await using container = await startContainer({ users: users("none") });
    const { error, failed } = await logIn(container, { password: "wrong" });
    assertMatch(error, /login refused/);
    assertEquals(failed, 1);
  },
);

condition("login", "a wrong password beside a key that is refused is sent once", async () => {
  await using container = await startContainer({ users: users("none") });
  const { privateKey } = await makeKey();
  const { error, failed } = await logIn(container, { password: "wrong", privateKey });
  assertMatch(error, /login refused/);
  assertEquals(failed, 1);
});

condition(
  "login",
  "a key that is refused beside a password, where one try is granted",
  async () => {
    const { privateKey } = await makeKey();
    await using container = await startContainer({
      users: users("none"),
      sshdConfig: ["MaxAuthTries 1"],
    });
    const { method, error } = await logIn(container, { password: PASSWORD, privateKey });
    assertEquals([method, error], ["password", ""]);
  },
);

condition("login", "a key that is accepted beside a password", async () => {
  await using container = await startContainer({ users: users("etc") });
  const { privateKey } = container.identity;
  const { method, error, failed } = await logIn(container, { password: "wrong", privateKey });
  assertEquals([method, error, failed], ["publickey", "", 0]);
});

condition("login", "a password is given, and the server takes keys only", async () => {
  await using container = await startContainer({
    users: users("etc"),
    sshdConfig: ["PasswordAuthentication no", "MaxAuthTries 20"],
  });
  const { method, error } = await logIn(
    container,
    { password: PASSWORD },
    container.identity.privateKey,
  );
  assertEquals([method, error], ["publickey", ""]);
});

condition("login", "a wrong password, and the agent's key would do", async () => {
  await using container = await startContainer({
    users: users("etc"),
    sshdConfig: ["MaxAuthTries 20"],
  });
  const { method, error, failed } = await logIn(
    container,
    { password: "wrong" },
    container.identity.privateKey,
  );
  assertEquals([method, error, failed], ["publickey", "", 1]);
});

condition("login", "the server wants a key and the password", async () => {
  await using container = await startContainer({
    users: users("etc"),
    sshdConfig: ["AuthenticationMethods publickey,password"],
  });
  const { privateKey } = container.identity;
  const { error } = await logIn(container, { password: PASSWORD, privateKey });
  assertEquals(error, "");
});

condition("login", "a port in the URL and another in -p", async () => {
  await using fixture = await open();
  const { host, port } = fixture.relay;
  const words = (url: string, p: number) =>
    ["--dry-run", ...usual(fixture).slice(0, -1)]
      .map((word, at, all) => all[at - 1] === "-p" ? `${p}` : word).concat(url);
  const url = `ssh://root@${host}:${port}`;
  const refused = await fixture.run(words(url, 22));
  assertEquals(refused.code, 2, refused.stderr);
  assertMatch(refused.stderr, new RegExp(`--ssh-port 22: .* ${port}`));
  assertEquals(await fixture.machine.logins(), []);
  const { code, stderr } = await fixture.run(words(url, port));
  assertEquals(code, 0, stderr);
});

/** A container whose login seems to come in over an interface of the kernel's telling. */
function over(name: string, make: string): ContainerOptions {
  return {
    files: {
      "/usr/local/bin/ip": {
        text: `#!/bin/sh\necho '2: ${name}    inet 127.0.0.1/8 scope host ${name}'\n`,
        mode: 0o755,
      },
    },
    setup: `mount -t tmpfs x /sys/class/net; mkdir /sys/class/net/${name}; cd /sys/class/net/${name}
echo 1 >type; ${make}\ncd /\n`,
  };
}
for (
  const [name, make, wanted] of [
    ["wlp3s0", "mkdir wireless", /warning: .* over wlp3s0, which is Wi-Fi/],
    ["wlan0", "echo DEVTYPE=wlan >uevent", /warning: .* over wlan0, which is Wi-Fi/],
    ["wg0", "echo DEVTYPE=wireguard >uevent; echo 65534 >type", /over wg0, which is a VPN/],
    ["tailscale0", "echo 65534 >type; echo 1 >tun_flags", /over tailscale0, which is a VPN/],
    ["ppp0", "echo 512 >type", /over ppp0, which is a VPN/],
    ["wwan0", "echo DEVTYPE=wwan >uevent", /over wwan0, which is a mobile network/],
    ["eth0", ":", undefined],
    ["br0", "echo DEVTYPE=bridge >uevent", undefined],
  ] as const
) {
  condition("target", `the login comes in over ${name}`, async () => {
    const { code, stderr } = await attempt({ target: over(name, make) }, (fixture) => [
      "--dry-run",
      ...usual(fixture),
    ]);
    assertEquals(code, 0, stderr);
    if (wanted) assertMatch(stderr, wanted);
    else assert(!/warning: .*comes in over/.test(stderr), stderr);
  });
}
