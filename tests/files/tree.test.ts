import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { UsageError } from "../../lib/errors.ts";
import { readTree } from "../../lib/files/tree.ts";
import { Folder, sh } from "./fixture.ts";

const paths = async (folder: Folder) => (await readTree(folder.path)).entries.map((e) => e.path);
const beyond = async (folder: Folder) => (await readTree(folder.path)).beyondUstar;

Deno.test("readTree() lists each folder before what it holds, by name", async () => {
  using folder = new Folder();
  for (const name of ["b/z", "b/a/x", "a", ".hidden", "b.txt", "ü", "Z"]) folder.write(name);
  assertEquals(await paths(folder), [
    ".hidden",
    "Z",
    "a",
    "b",
    "b/a",
    "b/a/x",
    "b/z",
    "b.txt",
    "ü",
  ]);
});

Deno.test("readTree() keeps modes, sizes and times", async () => {
  using folder = new Folder();
  folder.write("key", "secret", 0o600);
  folder.write("suid", "", 0o4755);
  Deno.mkdirSync(folder.at("tmp"));
  Deno.chmodSync(folder.at("tmp"), 0o1777);
  for (const name of ["key", "suid", "tmp"]) Deno.utimeSync(folder.at(name), 5, 1_700_000_000.9);
  const base = { mtime: 1_700_000_000 };
  assertEquals((await readTree(folder.path)).entries, [
    { ...base, path: "key", kind: "file", mode: 0o600, size: 6 },
    { ...base, path: "suid", kind: "file", mode: 0o4755, size: 0 },
    { ...base, path: "tmp", kind: "directory", mode: 0o1777, size: 0 },
  ]);
});

Deno.test("readTree() takes links as they are, and follows none", async () => {
  using folder = new Folder();
  folder.write("real/x");
  const links = { dangling: "nowhere", loop: "..", root: "/etc", odd: "a b\n;c" };
  for (const [name, target] of Object.entries(links)) Deno.symlinkSync(target, folder.at(name));
  const { entries, beyondUstar } = await readTree(folder.path);
  const found = entries.filter(({ kind }) => kind === "link");
  assertEquals(Object.fromEntries(found.map(({ path, target }) => [path, target])), links);
  assert(!beyondUstar);
});

Deno.test("readTree() takes an empty folder and one that is named by a link", async () => {
  using folder = new Folder();
  assertEquals(await readTree(folder.path), {
    folder: folder.path,
    entries: [],
    beyondUstar: false,
  });
  folder.write("real/x");
  Deno.symlinkSync("real", folder.at("link"));
  assertEquals((await readTree(folder.at("link"))).entries.map(({ path }) => path), ["x"]);
});

const names: readonly [title: string, path: string, beyond: boolean][] = [
  ["99 bytes", "x".repeat(99), false],
  ["101 bytes without a slash", "x".repeat(101), true],
  ["34 letters of three bytes", "€".repeat(34), true],
  ["155 and 98 bytes", `${"d".repeat(77)}/${"e".repeat(77)}/${"f".repeat(98)}`, false],
  ["156 and 101 bytes", `${"d".repeat(80)}/${"e".repeat(75)}/${"f".repeat(101)}`, true],
  ["9 and 101 bytes", `${"d".repeat(9)}/${"f".repeat(101)}`, true],
  ["300 bytes in short parts", Array(30).fill("d".repeat(9)).join("/"), true],
  ["200 bytes in short parts", Array(20).fill("d".repeat(9)).join("/"), false],
];

for (const [title, path, wanted] of names) {
  Deno.test(`readTree() says ustar ${wanted ? "cannot" : "can"} carry a path of ${title}`, async () => {
    using folder = new Folder();
    folder.write(path);
    assertEquals(await beyond(folder), wanted);
  });
}

Deno.test("readTree() says ustar cannot carry hard links and links that lead far", async () => {
  using folder = new Folder();
  Deno.symlinkSync("x".repeat(100), folder.at("link"));
  assert(!await beyond(folder));
  Deno.symlinkSync("x".repeat(101), folder.at("far"));
  assert(await beyond(folder));
  Deno.removeSync(folder.at("far"));
  Deno.linkSync(folder.write("a"), folder.at("b"));
  assert(await beyond(folder));
});

Deno.test("readTree() says ustar cannot carry a file of 8 GiB", async () => {
  using folder = new Folder();
  folder.write("large");
  Deno.truncateSync(folder.at("large"), 8 ** 11 - 1);
  assert(!await beyond(folder));
  Deno.truncateSync(folder.at("large"), 8 ** 11);
  assert(await beyond(folder));
});

Deno.test("readTree() refuses a pipe and a socket by name", async () => {
  using folder = new Folder();
  Deno.mkdirSync(folder.at("sub"));
  await sh('mkfifo "$1"', folder.at("sub/pipe"));
  const pipe = await assertRejects(() => readTree(folder.path), UsageError);
  assertMatch(pipe.message, /^--extra-files: ".*\/sub\/pipe" is neither file, folder nor link$/);
  assertMatch(pipe.hint, /pipes/);
  Deno.removeSync(folder.at("sub/pipe"));
  using _socket = Deno.listen({ transport: "unix", path: folder.at("sub/socket") });
  await assertRejects(() => readTree(folder.path), UsageError, 'sub/socket" is neither');
});

Deno.test("readTree() refuses what is no folder, and names the option", async () => {
  using folder = new Folder();
  folder.write("file");
  for (const path of [folder.at("absent"), folder.at("file"), folder.at("a\nb")]) {
    const error = await assertRejects(() => readTree(path), UsageError);
    assertMatch(error.message, /^--extra-files: cannot read the folder "/);
    assertMatch(error.hint, /existing folder/);
  }
  await assertRejects(() => readTree(folder.at("absent"), "the files"), UsageError, "the files: ");
});
