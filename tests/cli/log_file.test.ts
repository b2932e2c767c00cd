import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { LogFile } from "../../lib/cli/log_file.ts";
import { UsageError } from "../../lib/errors.ts";
import { Sandbox } from "./command.ts";

Deno.test("LogFile is new, or a file that is emptied, and nobody else can read it", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/log`;
    await Deno.writeTextFile(path, "from before, and much longer than what comes\n", {
      mode: 0o644,
    });
    {
      using log = LogFile.open(path, ["hunter2", "abc", "line one\nline two"]);
      log.report({ type: "log", level: "debug", text: "the password is hunter2\x1b[2J, not abc" });
      log.report({ type: "output", source: "nix", line: "line two" });
      log.report({ type: "waiting", stage: "kexec", text: "no answer yet" });
      for (let done = 0; done <= 100; done++) {
        log.report({ type: "progress", stage: "image", what: "image", done, total: 100 });
      }
    }
    assertEquals((await Deno.stat(path)).mode! & 0o777, 0o600);
    const lines = (await Deno.readTextFile(path)).trimEnd().split("\n");
    assertEquals(lines.map((line) => line.replace(/^\S+Z /, "")), [
      "the password is ***\\x1b[2J, not abc",
      "nix | ***",
      "waiting: no answer yet",
      "image: 0/100 B",
      "image: 100/100 B",
    ]);
    await Deno.symlink(path, `${folder}/link`);
    for (const wrong of ["", folder, `${folder}/link`, `${folder}/none/log`, "/dev/null"]) {
      const error = assertThrows(() => LogFile.open(wrong), UsageError);
      assertMatch(error.message, /^--log: cannot write /);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("--log that cannot be written ends the command before anything is contacted", async () => {
  await using sandbox = await Sandbox.make();
  const words = ["--log", sandbox.folder, "--phases", "reboot", "-p", "1", "root@127.0.0.1"];
  const { code, stderr } = await sandbox.run(words);
  assertMatch(stderr, /^error: --log: cannot write ".*": it is a folder\nhint: .*\n$/);
  assertEquals(code, 2);
});

Deno.test("the command goes on when nobody reads its error output any more", async () => {
  await using sandbox = await Sandbox.make();
  const log = `${sandbox.folder}/log`;
  const cli = decodeURIComponent(new URL("../../cli.ts", import.meta.url).pathname);
  const words = ["--phases", "kexec", "--log", log, "-p", "1", "root@127.0.0.1"];
  const { success } = await new Deno.Command("sh", {
    args: ["-c", `"$@" 2>&1 >/dev/null | :`, "sh", Deno.execPath(), "run", "-A", cli, ...words],
    env: { TMPDIR: sandbox.temp, SSH_AUTH_SOCK: "" },
    stdin: "null",
  }).output();
  assert(success);
  assertMatch(await Deno.readTextFile(log), / error: root@127\.0\.0\.1: .*refused/i);
});
