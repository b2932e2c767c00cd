import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { UsageError } from "../../lib/errors.ts";
import { readKeys } from "../../lib/files/keys.ts";
import { Folder, sh } from "./fixture.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("readKeys() reads files and contents in the order given", async () => {
  using folder = new Folder();
  const local = folder.write("a key's file", "one\n");
  assertEquals(
    await readKeys([{ remote: "/tmp/1", local }, { remote: "/a b/ü", content: bytes("two") }]),
    [{ remote: "/tmp/1", content: bytes("one\n") }, { remote: "/a b/ü", content: bytes("two") }],
  );
  assertEquals(await readKeys([]), []);
});

Deno.test("readKeys() keeps every byte", async () => {
  using folder = new Folder();
  const all = Uint8Array.from({ length: 256 }, (_, index) => index);
  const [key] = await readKeys([{ remote: "/k", local: folder.write("key", all) }]);
  assertEquals(key?.content, all);
});

Deno.test("readKeys() reads a pipe once", async () => {
  using folder = new Folder();
  const local = folder.at("pipe");
  await sh('mkfifo "$1"', local);
  const writing = sh('printf "from a pipe" >"$1"', local);
  assertEquals(await readKeys([{ remote: "/k", local }]), [
    { remote: "/k", content: bytes("from a pipe") },
  ]);
  await writing;
});

const remotes = ["", "key", "./key", "/", "/tmp/", "/tmp/../etc/passwd", "/a\nb", "/a\0", "~/key"];

for (const remote of remotes) {
  Deno.test(`readKeys() refuses the remote path ${JSON.stringify(remote)}`, async () => {
    const error = await assertRejects(
      () => readKeys([{ remote, content: bytes("x") }]),
      UsageError,
    );
    assertMatch(error.message, /^--disk-encryption-keys ".*": the remote path is no absolute path/);
    assertMatch(error.hint, /path on the target/);
  });
}

Deno.test("readKeys() refuses what it cannot read, and an empty key", async () => {
  using folder = new Folder();
  const cases: readonly [local: string, message: RegExp][] = [
    [folder.at("absent"), /^--disk-encryption-keys "\/k": cannot read ".*\/absent"$/],
    [folder.path, /cannot read/],
    ["", /cannot read ""$/],
    [folder.write("empty", ""), /".*\/empty" is empty$/],
    ["/dev/zero", /"\/dev\/zero" is no key: too large$/],
  ];
  for (const [local, message] of cases) {
    const error = await assertRejects(() => readKeys([{ remote: "/k", local }]), UsageError);
    assertMatch(error.message, message);
  }
  await assertRejects(() => readKeys([{ remote: "/k", content: bytes("") }]), UsageError, "empty");
});

Deno.test("readKeys() never shows a key in its messages", async () => {
  const key = { remote: "k", content: bytes("hunter2") };
  const { message, hint } = await assertRejects(() => readKeys([key]), UsageError);
  assertEquals(`${message} ${hint}`.includes("hunter2"), false);
});
