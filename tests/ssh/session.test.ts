import { assert, assertEquals, assertLess, assertMatch, assertRejects } from "@std/assert";
import { CommandError } from "../../lib/errors.ts";
import { internals } from "../../lib/ssh/session.ts";
import { children, ignore, login, sharedContainer } from "./fixture.ts";

const container = sharedContainer();

Deno.test(
  "Session.run() returns what the command printed and its exit code",
  { ignore },
  async () => {
    await using target = await login(container());
    const result = await target.run(["sh", "-c", "echo out; echo err >&2; exit 3"], {
      allowFailure: true,
    });
    const { output, ...rest } = result;
    assertEquals(rest, { code: 3, signal: null, stdout: "out\n", stderr: "err" });
    assertEquals(output.split("\n").sort(), ["err", "out"]);
  },
);

Deno.test("Session.run() throws a CommandError that names the machine", { ignore }, async () => {
  await using target = await login(container());
  const error = await assertRejects(
    () => target.run(["sh", "-c", "echo no such disk >&2; exit 4"]),
    CommandError,
    "root@127.0.0.1: sh -c",
  );
  assertEquals([error.exitCode, error.signal, error.output], [4, null, "no such disk"]);
  assertEquals([error.where, error.command[0]], ["root@127.0.0.1", "sh"]);
});

Deno.test("Session.run() takes a remote exit code 255 for what it is", { ignore }, async () => {
  await using target = await login(container());
  const { code } = await target.run(["sh", "-c", "exit 255"], { allowFailure: true });
  assertEquals(code, 255);
  const error = await assertRejects(() => target.run(["sh", "-c", "exit 255"]), CommandError);
  assertEquals(error.exitCode, 255);
  assertEquals(target.ended, false);
});

Deno.test(
  "Session.run() throws a CommandError when a signal ends the command",
  { ignore },
  async () => {
    await using target = await login(container());
    await assertRejects(() => target.run(["sh", "-c", "kill -KILL $$"]), CommandError);
    assertEquals((await target.run(["echo", "still here"])).stdout, "still here\n");
  },
);

Deno.test(
  "Session.run() throws a CommandError when there is no such program",
  { ignore },
  async () => {
    await using target = await login(container(), "fishy");
    const error = await assertRejects(() => target.run(["no-such-program"]), CommandError);
    assertEquals(error.exitCode, 127);
  },
);

Deno.test("Session.run() runs a command as another user", { ignore }, async () => {
  await using target = await login(container(), "admin");
  const become = ["sudo", "-n"];
  assertEquals((await target.run(["id", "-un"])).stdout, "admin\n");
  assertEquals((await target.run(["id", "-un"], { become })).stdout, "root\n");
  assertEquals((await target.script("id -un", { become })).stdout, "root\n");
  assertEquals((await target.pipe("x", ["sh", "-c", "id -un; cat"], { become })).stdout, "root\nx");
});

Deno.test("Session.run() gives the command an empty input", { ignore }, async () => {
  await using target = await login(container());
  assertEquals((await target.run(["cat"])).stdout, "");
});

Deno.test(
  "Session.script() stops at the first failure and at unset variables",
  { ignore },
  async () => {
    await using target = await login(container());
    const options = { allowFailure: true } as const;
    const failed = await target.script("echo a\nfalse\necho b", options);
    assertEquals([failed.code, failed.stdout], [1, "a\n"]);
    assert((await target.script('echo "$nothing"', options)).code !== 0);
    assertEquals((await target.script("exit 7", options)).code, 7);
  },
);

Deno.test("Session.script() is not eaten by what it runs", { ignore }, async () => {
  await using target = await login(container(), "fishy");
  const { stdout } = await target.script(
    "cat\nread -r line || echo none\nssh -V 2>/dev/null\necho end",
  );
  assertEquals(stdout, "none\nend\n");
});

Deno.test("Session.script() runs nothing of a script with a syntax error", { ignore }, async () => {
  await using target = await login(container());
  const error = await assertRejects(
    () => target.script("echo begun\nif true; then", { name: "my script" }),
    CommandError,
    "my script",
  );
  assert(!error.output.includes("begun"));
});

Deno.test("Session.script() keeps here documents, comments and positions", { ignore }, async () => {
  await using target = await login(container());
  const { stdout } = await target.script("cat <<'END'\n$1 it's\nEND\necho \"$#$1$2\" # done", {
    args: ["a b", ""],
  });
  assertEquals(stdout, "$1 it's\n2a b\n");
});

Deno.test("Session.script() shows its text in no argument list", { ignore }, async () => {
  await using target = await login(container());
  const { stdout } = await target.script(
    "echo secret >/dev/null\ntr '\\0' ' ' </proc/$PPID/cmdline; ps -ef",
  );
  assert(!stdout.includes("secret"));
});

for (const tied of [false, true]) {
  const title = tied ? "that is tied" : "that is not";
  Deno.test(
    `Session.script() does the same inline and not, for one ${title}`,
    { ignore },
    async () => {
      await using target = await login(container());
      const text = "cat <<'END'\n$1 it's 100% \\n \\0101 !\nEND\nread x || echo \"$#$1$2\"; exit 3";
      const long = "x".repeat(10_000);
      for (const [inline, last] of [[false, "b"], [true, "b"], [true, long]] as const) {
        const { stdout, code } = await target.script(text, {
          args: ["a!\nb'", last],
          ...{ inline, killOnDisconnect: tied, allowFailure: true },
        });
        assertEquals([stdout, code], [`$1 it's 100% \\n \\0101 !\n2a!\nb'${last}\n`, 3]);
      }
    },
  );
}

Deno.test("Session.pipe() carries 100 MB and keeps none of it in memory", { ignore }, async () => {
  await using target = await login(container());
  const chunk = new Uint8Array(256 * 1024).fill(120);
  let left = 400;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (left-- > 0) controller.enqueue(chunk);
      else controller.close();
    },
  });
  const before = Deno.memoryUsage().rss;
  const { stdout } = await target.pipe(stream, ["wc", "-c"]);
  assertEquals(stdout, `${400 * chunk.length}\n`);
  assertLess(Deno.memoryUsage().rss - before, 60e6);
});

Deno.test(
  "Session.pipe() tells the exit code of a command that does not read",
  { ignore },
  async () => {
    await using target = await login(container());
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(65536)),
    });
    const error = await assertRejects(
      () => target.pipe(endless, ["sh", "-c", "echo disk full >&2; exit 28"]),
      CommandError,
      "exit code 28",
    );
    assertEquals(error.output, "disk full");
  },
);

Deno.test("Session.pipe() ends with its source", { ignore }, async () => {
  await using target = await login(container());
  const broken = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new Uint8Array(10)),
    pull: (controller) => controller.error(new Error("the file shrank")),
  });
  await assertRejects(() => target.pipe(broken, ["cat"]), Error, "the file shrank");
  assertEquals((await children("-T")).length, 0);
});

Deno.test("a session's start() leaves a program to the caller", { ignore }, async () => {
  await using target = await login(container());
  await using child = internals(target).start(["cat"], new Blob(["through"]).stream());
  const [out] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  assertEquals(out, "through");
  assertEquals((await child.status).code, 0);
});

Deno.test("connect() logs in once for everything that follows", { ignore }, async () => {
  await using target = await login(container(), "dashy");
  await Promise.all(Array.from({ length: 8 }, () => target.run(["sleep", "0.1"])));
  await target.script("true");
  const logins = await container().logins();
  assertEquals(logins.filter((login) => login.startsWith("dashy ")), ["dashy publickey"]);
  assertEquals(target.method, "publickey");
  assertMatch(target.sshOptions, /^-F \S+$/);
});
