/** README's permissions, one short: known before anything is contacted. */
import { assertEquals, assertMatch } from "@std/assert";
import { LINES } from "../readme/lines.ts";
import { Sandbox } from "./command.ts";

const CLI = decodeURIComponent(new URL("../../cli.ts", import.meta.url).pathname);

Deno.test("a program that README allows and this command line does not is named before anything is contacted", async () => {
  await using sandbox = await Sandbox.make();
  const [, allowed = ""] = / (--allow-run=\S+) /.exec(LINES.oneOff) ?? [];
  const fewer = allowed.replace("ssh-keygen,", "");
  assertEquals(fewer.length, allowed.length - "ssh-keygen,".length);
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", fewer, "--allow-read", "--allow-write", "--allow-env", CLI]
      .concat(["--flake", ".#web", "-p", "1", "root@127.0.0.1"]),
    cwd: sandbox.folder,
    env: { NO_COLOR: "1", HOME: sandbox.folder, TMPDIR: sandbox.temp },
    stdin: "null",
  }).output();
  const said = new TextDecoder().decode(stderr);
  assertMatch(said, /^error: Requires run access to "ssh-keygen"/m);
  assertMatch(said, /^state: nothing was contacted$/m);
  assertEquals(code, 1);
  assertEquals(await sandbox.left(), []);
});
