import { assert, assertEquals, assertLess, assertMatch, assertRejects } from "@std/assert";
import { CommandError, DeadlineError, UsageError } from "../lib/errors.ts";
import { run, start } from "../lib/process.ts";
import type { ReportEvent } from "../lib/report/events.ts";

const sh = (code: string, ...args: string[]) => ["sh", "-c", code, "sh", ...args];

Deno.test("run() returns both outputs and the exit code", async () => {
  const result = await run(sh("echo out; echo err >&2"));
  const { output, ...rest } = result;
  assertEquals(rest, { code: 0, signal: null, stdout: "out\n", stderr: "err" });
  assertEquals(output.split("\n").sort(), ["err", "out"]);
});

Deno.test("run() keeps the output as it is", async () => {
  const text = `{"long":"${"x".repeat(100_000)}"}\r\n\n é`;
  assertEquals((await run(["cat"], { stdin: text })).stdout, text);
});

Deno.test("run() throws a CommandError with the last words of the command", async () => {
  const error = await assertRejects(
    () =>
      run(sh("echo first; sleep 0.2; printf 'bad \\033[2J' >&2; exit 3"), { hint: "look twice" }),
    CommandError,
    "failed with exit code 3",
  );
  assertEquals([error.exitCode, error.signal, error.where], [3, null, "here"]);
  assertEquals([error.output, error.hint], ["first\nbad \\x1b[2J", "look twice"]);
  const silent = await assertRejects(() => run(sh("echo said; exit 1")), CommandError);
  assertEquals(silent.output, "said");
});

Deno.test("run() names the machine and the words that are shown, and neither secrets nor screens full", async () => {
  const options = { where: "root@web", shown: ["ask", "x".repeat(1000)] };
  const error = await assertRejects(() => run(sh("exit 1", "secret"), options), CommandError);
  assertMatch(error.message, /^root@web: ask x{1,160}\.\.\. failed with exit code 1$/);
  assertEquals(error.command, options.shown);
  assert(!JSON.stringify(error).includes("secret"));
});

Deno.test("run() tells a death by signal", async () => {
  const error = await assertRejects(() => run(sh("kill -KILL $$")), CommandError, "SIGKILL");
  assertEquals([error.exitCode, error.signal], [137, "SIGKILL"]);
});

Deno.test("run() returns a failure that is allowed", async () => {
  assertEquals((await run(["false"], { allowFailure: true })).code, 1);
});

Deno.test("run() throws a UsageError for a program or a folder that does not exist", async () => {
  const error = await assertRejects(
    () => run(["no-such-program"]),
    UsageError,
    "cannot start no-such",
  );
  assertMatch(error.hint, /no-such-program/);
  await assertRejects(() => run(["true"], { cwd: "/no/such" }), UsageError, "/no/such");
});

Deno.test("run() throws a UsageError for a file that is no program", async () => {
  await assertRejects(() => run(["/etc/passwd"]), UsageError, "cannot start /etc/passwd");
});

Deno.test("run() reports the command and each line as it comes", async () => {
  const events: ReportEvent[] = [];
  const lines: string[] = [];
  await run(sh("printf 'a\\r\\n\\033[1mb\\nc'; echo d >&2"), {
    report: (event) => events.push(event),
    shown: ["shown"],
    onLine: (line, stream) => lines.push(`${stream} ${line}`),
  });
  const [{ time = "", ...event } = {}, ...more] = events;
  assertEquals<unknown>([event, more], [
    { type: "command", command: ["shown"], where: "here", host: "here" },
    [],
  ]);
  assertEquals(new Date(time).toISOString(), time);
  assertEquals(lines.sort(), ["stderr d", "stdout \x1b[1mb", "stdout a", "stdout c"]);
});

Deno.test("run() bounds what it keeps and reads all", async () => {
  const bytes = 50_000_000;
  const yes = `yes ${"y".repeat(99)} | head -c ${bytes}`;
  const both = `${yes}; ${yes} >&2`;
  let count = 0;
  const before = Deno.memoryUsage().rss;
  const { stdout, stderr } = await run(sh(both), { onLine: () => void count++ });
  assertEquals([stdout.length, count], [4 * 1024 * 1024, bytes / 50]);
  assertLess(stderr.length, 4001);
  const oneLine = await run(sh(`tr '\\0' x </dev/zero | head -c ${bytes} >&2`));
  assertLess(oneLine.stderr.length, 4001);
  assertLess(Deno.memoryUsage().rss - before, 200e6);
});

Deno.test("run() ends the child whose reader fails, with the reader's reason", async () => {
  const began = performance.now();
  const onLine = () => {
    throw new Error("not what was expected");
  };
  await assertRejects(
    () => run(sh("sleep 12 & echo; wait"), { onLine }),
    Error,
    "not what was expected",
  );
  assertLess(performance.now() - began, 10_000);
});

Deno.test("run() hands over variables and the folder on top of our own", async () => {
  const options = { env: { BOX: "a b" }, cwd: "/usr" };
  assertEquals(
    (await run(sh('echo "$BOX $PWD ${PATH:+path}"'), options)).stdout,
    "a b /usr path\n",
  );
});

Deno.test("run() throws a DeadlineError when the time is over", async () => {
  const error = await assertRejects(() => run(["sleep", "60"], { timeout: 50 }), DeadlineError);
  assertEquals(error.message, "sleep 60 did not end within 0.05 s");
});

Deno.test("run() ends a child that ignores SIGTERM", async () => {
  const controller = new AbortController();
  const began = performance.now();
  const reason = new Error("stop");
  const onLine = () => controller.abort(reason);
  const { signal } = controller;
  const stubborn = sh("trap '' TERM; echo ready; while :; do sleep 0.1; done");
  assertEquals(await assertRejects(() => run(stubborn, { signal, onLine })), reason);
  const took = performance.now() - began;
  assertLess(1900, took);
  assertLess(took, 10_000);
});

Deno.test("run() starts nothing for a signal that is aborted already", async () => {
  const path = await Deno.makeTempFile();
  await assertRejects(
    () => run(["rm", path], { signal: AbortSignal.abort(new Error("no")) }),
    Error,
    "no",
  );
  await Deno.remove(path);
});

Deno.test("run() does not wait at its deadline for those who hold the child's outputs", async () => {
  const began = performance.now();
  const held = sh("setsid sleep 12 & exec sleep 60");
  await assertRejects(() => run(held, { timeout: 200 }), DeadlineError);
  assertLess(performance.now() - began, 10_000);
});

Deno.test("run() hands a stream to the child, and the exit code of a child that reads none of it", async () => {
  const stream = () => new Blob(["x".repeat(1_000_000)]).stream();
  assertEquals((await run(["wc", "-c"], { stdin: stream() })).stdout.trim(), "1000000");
  const error = await assertRejects(() => run(sh("exit 9"), { stdin: stream() }), CommandError);
  assertEquals(error.exitCode, 9);
});

Deno.test("run() ends the child whose input fails, with the input's reason", async () => {
  const broken = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new Error("the disk is gone")),
  });
  await assertRejects(
    () => run(sh("sleep 12 & cat"), { stdin: broken }),
    Error,
    "the disk is gone",
  );
});

Deno.test("run() does not wait for an input that never ends when the child has ended", async () => {
  let cancelled = false;
  const endless = new ReadableStream<Uint8Array>({ cancel: () => void (cancelled = true) });
  assertEquals((await run(["true"], { stdin: endless })).code, 0);
  assertEquals(cancelled, true);
});

Deno.test("start() leaves a child that disposal ends", async () => {
  let child;
  {
    await using sleeper = start(["sleep", "60"]);
    child = sleeper;
    assertEquals(child.ended, false);
    await Promise.all([child.stdout.cancel(), child.stderr.cancel()]);
  }
  assertEquals(child.ended, true);
  assertEquals((await child.status).signal, "SIGTERM");
  await child.end();
});
