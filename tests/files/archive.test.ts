import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { InstallError } from "../../lib/errors.ts";
import { archive } from "../../lib/files/archive.ts";
import { readTree, type Tree } from "../../lib/files/tree.ts";
import { contents, feed, Folder, sh } from "./fixture.ts";

/** Packs a folder and unpacks it with the system's tar; what came out. */
async function there(folder: Folder, into: Folder): Promise<string[]> {
  const stream = await archive(await readTree(folder.path));
  await feed(stream, ["tar", "-C", into.path, "--no-same-owner", "-xpf", "-"]);
  return contents(into.path);
}

const list = async (folder: Folder) =>
  await feed(await archive(await readTree(folder.path)), ["tar", "--numeric-owner", "-tvf", "-"]);

/** A folder with what the ustar format can carry. */
function plain(folder: Folder): void {
  folder.write("etc/ssh/ssh_host_ed25519_key", "secret", 0o600);
  folder.write("etc/odd names/it's a; $(name)\n*", "x", 0o444);
  folder.write("home/me/ünï 🎉", "ü", 0o640);
  folder.write("-rf", "dash");
  folder.write("empty", "");
  folder.write("bin/suid", "#!", 0o4711);
  folder.write("large", new Uint8Array(1_000_001).fill(7));
  Deno.mkdirSync(folder.at("tmp/deep/empty"), { recursive: true });
  Deno.chmodSync(folder.at("tmp"), 0o1777);
  Deno.symlinkSync("../nowhere", folder.at("etc/dangling"));
  Deno.symlinkSync("/run/current-system", folder.at("absolute"));
  Deno.symlinkSync("home", folder.at("link to a folder"));
  for (const path of ["empty", "tmp/deep/empty"]) Deno.utimeSync(folder.at(path), 0, 1);
}

Deno.test("archive() gives the same tree when the system's tar unpacks it", async () => {
  using folder = new Folder();
  using into = new Folder();
  plain(folder);
  assert(!(await readTree(folder.path)).beyondUstar);
  assertEquals(await there(folder, into), contents(folder.path));
});

for (const [size, system] of [[1_000_000, false], [20_000_000, true]] as const) {
  const who = system ? "the system's tar" : "itself";
  Deno.test(`archive() packs ${size / 1e6} MB by ${who}, with the same outcome`, async () => {
    using folder = new Folder();
    using into = new Folder();
    plain(folder);
    folder.write("more", new Uint8Array(size).fill(9));
    const stream = await archive(await readTree(folder.path));
    // Only ours says that everything is root's; what unpacks sets the owner.
    const [head, rest] = stream.tee();
    const { value = new Uint8Array() } = await head.getReader().read();
    assertEquals(new TextDecoder().decode(value.subarray(0, 2)) === "./", system);
    await feed(rest, ["tar", "-C", into.path, "--no-same-owner", "-xpf", "-"]);
    assertEquals(contents(into.path), contents(folder.path));
  });
}

Deno.test("archive() hands what ustar cannot carry to the system's tar", async () => {
  using folder = new Folder();
  using into = new Folder();
  plain(folder);
  folder.write(`${"long/".repeat(60)}${"n".repeat(200)}`, "far");
  Deno.symlinkSync(`/${"x".repeat(300)}`, folder.at("far link"));
  Deno.linkSync(folder.at("large"), folder.at("twin"));
  assert((await readTree(folder.path)).beyondUstar);
  assertEquals(await there(folder, into), contents(folder.path));
  const inode = (name: string) => Deno.statSync(into.at(name)).ino;
  assertEquals(inode("twin"), inode("large"));
});

Deno.test("archive() gives everything to root", async () => {
  using folder = new Folder();
  plain(folder);
  for (const line of (await list(folder)).trimEnd().split("\n")) {
    assertMatch(line, /^[-dl][-rwxstST]{9} 0\/0 /);
  }
});

Deno.test("archive() has no entry for the folder itself", async () => {
  using folder = new Folder();
  folder.write("a/b");
  assertEquals((await list(folder)).match(/\S+$/gm), ["a", "a/b"].map((path) => path));
  folder.write("x".repeat(120));
  const names = (await list(folder)).match(/\S+$/gm)?.map((name) => name.replace(/^\.\//, ""));
  assert(!names?.includes("") && !names?.includes("."), String(names));
});

Deno.test("archive() leaves the mode of the place alone where it is unpacked", async () => {
  using folder = new Folder();
  using into = new Folder();
  folder.write("a");
  Deno.chmodSync(folder.path, 0o700);
  Deno.chmodSync(into.path, 0o755);
  await there(folder, into);
  assertEquals((Deno.statSync(into.path).mode ?? 0) & 0o7777, 0o755);
});

Deno.test("archive() of nothing is an archive that tar reads", async () => {
  using folder = new Folder();
  assertEquals(await list(folder), "");
});

Deno.test("archive() comes in chunks of 256 KiB", async () => {
  using folder = new Folder();
  plain(folder);
  const sizes: number[] = [];
  for await (const chunk of await archive(await readTree(folder.path))) sizes.push(chunk.length);
  assert(sizes.length > 3);
  for (const size of sizes.slice(0, -1)) assertEquals(size, 256 * 1024);
  assert(sizes.at(-1)! <= 256 * 1024);
});

/** The error of an archive, and what it names. */
async function failure(tree: Tree, path: string): Promise<string> {
  const read = async () => new Response(await archive(tree)).bytes();
  const { message, hint } = await assertRejects(read, InstallError);
  assertMatch(hint, /--extra-files/);
  const start = `--extra-files: cannot send "${path}": `;
  assert(message.startsWith(start), message);
  return message.slice(start.length);
}

Deno.test("archive() sends a file as it is by then, and names one that is gone or no file", async () => {
  using folder = new Folder();
  using into = new Folder();
  folder.write("a", "short");
  folder.write("b", "long before");
  // No such time is in the format.
  Deno.utimeSync(folder.at("b"), 0, 8 ** 11);
  const tree = await readTree(folder.path);
  folder.write("a", "longer than it was");
  folder.write("b", "");
  await feed(await archive(tree), ["tar", "-C", into.path, "-xf", "-"]);
  assertEquals(Deno.readTextFileSync(into.at("a")), "longer than it was");
  assertEquals(Deno.readTextFileSync(into.at("b")), "");
  Deno.removeSync(folder.at("a"));
  assertMatch(await failure(tree, folder.at("a")), /No such file/);
  await sh('mkfifo "$1"', folder.at("a"));
  assertEquals(await failure(tree, folder.at("a")), "it is no file any more");
});

Deno.test("archive() names a file that becomes shorter while it is read", async () => {
  using folder = new Folder();
  const path = folder.write("a", new Uint8Array(10_000_000));
  const tree = await readTree(folder.path);
  const reader = (await archive(tree)).getReader();
  await reader.read();
  Deno.truncateSync(path, 1000);
  const rest = async () => {
    while (!(await reader.read()).done);
  };
  const { message } = await assertRejects(rest, InstallError);
  assertMatch(message, /\/a": it has become shorter by \d+ bytes$/);
});

Deno.test("archive() fails when the system's tar does, with what it said", async () => {
  using folder = new Folder();
  Deno.linkSync(folder.write("a"), folder.at("b"));
  const tree = await readTree(folder.path);
  await sh('rm "$1"', folder.at("a"));
  assertMatch(await failure(tree, folder.path), /^\S*a: [^\n]*$/);
});

Deno.test("archive() lets go of its files when nobody reads on", async () => {
  using folder = new Folder();
  folder.write("a", new Uint8Array(3_000_000));
  const reader = (await archive(await readTree(folder.path))).getReader();
  await reader.read();
  await reader.cancel();
  await new Promise((resolve) => setTimeout(resolve, 200));
});
