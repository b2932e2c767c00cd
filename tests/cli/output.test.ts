import { assert, assertEquals, assertMatch } from "@std/assert";
import { COMMAND, Sandbox } from "./command.ts";

/** Runs shell code whose `"$@"` is the command with these words. */
async function shell(code: string, words: readonly string[]) {
  await using sandbox = await Sandbox.make();
  const { code: exit, stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", code, "bash", ...COMMAND, ...words],
    cwd: sandbox.folder,
    env: { NO_COLOR: "1", TMPDIR: sandbox.temp, XDG_STATE_HOME: sandbox.folder },
    stdin: "null",
  }).output();
  const [output = "", errors = ""] = [stdout, stderr].map((bytes) =>
    new TextDecoder().decode(bytes)
  );
  return { exit, output, errors };
}

Deno.test("a pipe that does not block, with a slow reader, gets everything", async () => {
  // Others that have the same pipe may have made it so. It holds 4 KiB.
  const slow =
    `perl -e 'use Fcntl; fcntl(STDOUT, 1031, 4096); fcntl(STDOUT, F_SETFL, O_NONBLOCK | O_WRONLY);
    exec @ARGV' "$@" | { sleep 2; cat; }; exit "\${PIPESTATUS[0]}"`;
  const { exit, output, errors } = await shell(slow, ["--help"]);
  assertEquals([exit, errors], [0, ""]);
  assert(output.length > 4096);
  assertEquals(output, (await shell('"$@"', ["--help"])).output);
});

Deno.test("outputs that are full change neither outcome nor exit code, and are told", async () => {
  const words = ["--phases", "kexec", "-p", "1", "root@127.0.0.1"];
  const lost = /^warning: not all of the output could be written: No space left/m;
  const json = await shell('"$@" >/dev/full', ["--json", ...words]);
  assertEquals(json.exit, 1);
  assertMatch(json.errors, /^error: root@127\.0\.0\.1: no ssh connection.*\nhint: .*\nstate: /m);
  assertMatch(json.errors, lost);
  assert(!/^ +at |Uncaught/m.test(json.errors), json.errors);
  assertEquals((await shell('"$@" 2>/dev/full', words)).exit, 1);
  const version = await shell('"$@" >/dev/full', ["--version"]);
  assertMatch(version.errors, lost);
});
