import { assert, assertEquals, assertLess, assertMatch, assertRejects } from "@std/assert";
import { ConnectionError, LoginError, UsageError } from "../../lib/errors.ts";
import { delay } from "../../lib/async.ts";
import { run } from "../../lib/process.ts";
import { connect } from "../../lib/steps/connect.ts";
import { internals } from "../../lib/ssh/session.ts";
import { freePort, makeKey, PASSWORD, startContainer } from "../support/loopback/mod.ts";
import { ignore, login, sharedContainer, withTemp } from "./fixture.ts";

const container = sharedContainer();

Deno.test(
  "connect() throws a LoginError that says what to check when the key is wrong",
  { ignore },
  async () => {
    await withTemp(async (folder) => {
      const identityFile = `${folder}/wrong`;
      await Deno.writeTextFile(identityFile, (await makeKey()).privateKey, { mode: 0o600 });
      const error = await assertRejects(
        () =>
          login(container(), "root", {
            identityFile,
            sshOptions: ["PreferredAuthentications=publickey"],
          }),
        LoginError,
        "root@127.0.0.1: login refused: root@127.0.0.1: Permission denied",
      );
      assertMatch(error.hint, /authorized_keys/);
    });
  },
);

Deno.test("connect() throws a LoginError where root may not log in", { ignore }, async () => {
  await using own = await startContainer({ rootLogin: false });
  await assertRejects(() => login(own), LoginError);
  await using target = await login(own, "admin");
  assertEquals(target.method, "publickey");
});

Deno.test("connect() logs in with a password and shows it to nobody", { ignore }, async () => {
  const seen: string[] = [];
  const options = {
    password: PASSWORD,
    port: container().port,
    hostKey: "off",
    report: (event: unknown) => void seen.push(JSON.stringify(event)),
  } as const;
  await using target = await connect("pwuser@127.0.0.1", options);
  assertEquals(target.method, "password");
  assertEquals((await target.run(["id", "-un"])).stdout, "pwuser\n");
  const { stdout } = await new Deno.Command("ps", { args: ["-ewwo", "args"] }).output();
  assert(!new TextDecoder().decode(stdout).includes(PASSWORD));
  assert(!seen.join("\n").includes(PASSWORD));
});

Deno.test("connect() throws a LoginError when the password is wrong", { ignore }, async () => {
  const options = { password: "wrong", port: container().port, hostKey: "off" } as const;
  const began = performance.now();
  await assertRejects(() => connect("pwuser@127.0.0.1", options), LoginError);
  assertLess(performance.now() - began, 15_000);
});

Deno.test(
  "connect() refuses a password with a line break before it contacts anyone",
  { ignore },
  async () => {
    const options = { password: "a\nb", port: container().port } as const;
    await assertRejects(() => connect("pwuser@127.0.0.1", options), UsageError, "line break");
  },
);

Deno.test("connect() takes a key's text with any line ends, and refuses what is no key at once", {
  ignore,
}, async () => {
  const { port, identity: { privateKey } } = container();
  const options = { port, hostKey: "off" } as const;
  for (const end of ["\r\n", "\r"]) {
    await using target = await connect("root@127.0.0.1", {
      ...{ ...options, privateKey: privateKey.replaceAll("\n", end) },
    });
    assertEquals(target.method, "publickey");
  }
  for (const text of ["key", privateKey.replaceAll("\n", "\\n"), privateKey.slice(0, 100)]) {
    await assertRejects(
      () => connect("root@127.0.0.1", { ...options, privateKey: text }),
      UsageError,
      "none that ssh reads",
    );
  }
  // As openssl writes keys; whether it is one of them ssh knows.
  const privateKeyBehind =
    `-----BEGIN EC PARAMETERS-----\n-----END EC PARAMETERS-----\n${privateKey}`;
  await assertRejects(
    () => connect("root@127.0.0.1", { ...options, privateKey: privateKeyBehind }),
    LoginError,
  );
});

Deno.test("connect() throws a ConnectionError where nothing listens", async () => {
  const error = await assertRejects(
    () => connect("root@127.0.0.1", { port: freePort() }),
    ConnectionError,
    "root@127.0.0.1: no ssh connection: ssh: connect to host 127.0.0.1",
  );
  assertMatch(error.message, /Connection refused$/);
  assert(!(error instanceof LoginError));
});

Deno.test("connect() throws a ConnectionError when a server never speaks", async () => {
  using deaf = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const began = performance.now();
  await assertRejects(
    () => connect("root@127.0.0.1", { port: deaf.addr.port, timeout: 400 }),
    ConnectionError,
    "root@127.0.0.1: no answer from its ssh server within 0.4 s",
  );
  assertLess(performance.now() - began, 3000);
});

Deno.test("connect() throws a ConnectionError when the server is none of ssh", async () => {
  using web = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serve = (async () => {
    using connection = await web.accept();
    await connection.write(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
  })();
  const { port } = web.addr;
  await assertRejects(() => connect("root@127.0.0.1", { port, timeout: 5000 }), ConnectionError);
  await serve;
});

Deno.test("connect() throws a ConnectionError when the name is not known", async () => {
  await assertRejects(
    () => connect("root@no-such-host.invalid", { timeout: 10_000 }),
    ConnectionError,
    "the name is not known",
  );
});

Deno.test("connect() throws a UsageError when ssh does not know an option", async () => {
  const sshOptions = ["NoSuchOption=1"];
  await assertRejects(() => connect("root@127.0.0.1", { sshOptions }), UsageError, "configuration");
  const lines = ["Match all\nProxyCommand=x"];
  await assertRejects(() => connect("root@127.0.0.1", { sshOptions: lines }), UsageError);
});

Deno.test("connect() reaches an IPv6 address in each of its forms", { ignore }, async () => {
  await using own = await startContainer({ address: "::1" });
  const { port, identityFile } = own;
  for (const where of ["root@::1", "root@[::1]", `ssh://root@[::1]:${port}`]) {
    await using target = await connect(where, { port, identityFile, hostKey: "off" });
    assertEquals((await target.run(["id", "-un"])).stdout, "root\n");
  }
});

Deno.test("connect() takes a port, a user and a key from an ssh:// destination and options", {
  ignore,
}, async () => {
  const { port, identityFile } = container();
  await using target = await connect(`ssh://admin@127.0.0.1:${port}`, {
    identityFile,
    hostKey: "off",
  });
  assertEquals((await target.run(["id", "-un"])).stdout, "admin\n");
});

Deno.test("connect() takes a key and a TMPDIR whose paths are awkward", { ignore }, async () => {
  const left = await withTemp(async (folder) => {
    const identityFile = `${folder}/my key 100% ünï #1`;
    await Deno.copyFile(container().identityFile, identityFile);
    await using target = await login(container(), "root", { identityFile });
    assertEquals(target.sshOptions.split(" ").length, 2);
    assertEquals((await target.run(["echo", "here"])).stdout, "here\n");
  }, "a folder with spaces");
  assertEquals(left, ["my key 100% ünï #1"]);
});

Deno.test("connect() takes a TMPDIR too long for a socket", { ignore }, async () => {
  await withTemp(async () => {
    await using target = await login(container());
    assertEquals((await target.run(["echo", "here"])).stdout, "here\n");
  }, "x".repeat(120));
});

Deno.test("connect() lets the caller's ssh options win", { ignore }, async () => {
  const { identityFile } = container();
  const sshOptions = [
    `Port=${container().port}`,
    "User plain",
    `IdentityFile=${identityFile}`,
    "Compression yes",
  ];
  await using target = await connect("127.0.0.1", { sshOptions, hostKey: "off" });
  assertEquals((await target.run(["id", "-un"])).stdout, "plain\n");
});

Deno.test(
  "connect() takes the .pub of a key that an agent holds, and the agent's when another is refused",
  { ignore },
  async () => {
    await withTemp(async (folder) => {
      const SSH_AUTH_SOCK = `${folder}/agent`;
      await using agent = new Deno.Command("ssh-agent", {
        args: ["-D", "-a", SSH_AUTH_SOCK],
        stdout: "null",
      }).spawn();
      assertEquals(agent.pid > 0, true);
      const add = () => run(["ssh-add", container().identityFile], { env: { SSH_AUTH_SOCK } });
      while (!(await add().then(() => true, () => false))) await delay(20);
      const identityFile = `${folder}/key.pub`;
      await Deno.writeTextFile(identityFile, container().identity.publicKey);
      const before = Deno.env.get("SSH_AUTH_SOCK");
      Deno.env.set("SSH_AUTH_SOCK", SSH_AUTH_SOCK);
      try {
        await using target = await login(container(), "root", { identityFile });
        assertEquals(target.method, "publickey");
        // Another key is named, which the target does not know: the agent's still counts, at the second try.
        const other = `${folder}/other`;
        await run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", other]);
        await using second = await login(container(), "root", { identityFile: other });
        assertEquals(internals(second).login.onlyIdentity, false);
      } finally {
        if (before === undefined) Deno.env.delete("SSH_AUTH_SOCK");
        else Deno.env.set("SSH_AUTH_SOCK", before);
      }
    });
  },
);
