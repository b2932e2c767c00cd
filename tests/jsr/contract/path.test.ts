import { assertEquals, assertThrows } from "@std/assert";
import * as path from "@std/path";
import { join } from "@std/path/join";

const windows = Deno.build.os === "windows";
const cases: readonly [call: string, actual: () => unknown, expected: unknown][] = [
  ['join("a", "../b", "", "c/")', () => join("a", "../b", "", "c/"), "b/c/"],
  ['join("/a", "/b")', () => join("/a", "/b"), "/a/b"],
  ['join("")', () => join(""), "."],
  ['join(URL, "c")', () => join(new URL("file:///a%20b"), "c"), "/a b/c"],
  ['resolve("/a", "b", "../c")', () => path.resolve("/a", "b", "../c"), "/a/c"],
  ['resolve("/a", "/b")', () => path.resolve("/a", "/b"), "/b"],
  ["resolve()", () => path.resolve(), Deno.cwd()],
  ['dirname("/a/b/")', () => path.dirname("/a/b/"), "/a"],
  ['dirname("a")', () => path.dirname("a"), "."],
  ['basename("/a/b.ts")', () => path.basename("/a/b.ts"), "b.ts"],
  ['basename("/a/b.ts", ".ts")', () => path.basename("/a/b.ts", ".ts"), "b"],
  ['basename("/a/b/")', () => path.basename("/a/b/"), "b"],
  ['basename("/")', () => path.basename("/"), "/"],
  ['extname("a.tar.gz")', () => path.extname("a.tar.gz"), ".gz"],
  ['extname(".profile")', () => path.extname(".profile"), ""],
  ['isAbsolute("/a")', () => path.isAbsolute("/a"), true],
  ['isAbsolute("a")', () => path.isAbsolute("a"), false],
  ['relative("/a/b", "/a/c/d")', () => path.relative("/a/b", "/a/c/d"), "../c/d"],
  ['relative("/a", "/a")', () => path.relative("/a", "/a"), ""],
  ['normalize("/a/./b//../c")', () => path.normalize("/a/./b//../c"), "/a/c"],
  ['normalize("")', () => path.normalize(""), "."],
  ['fromFileUrl("file:///a%20b")', () => path.fromFileUrl("file:///a%20b"), "/a b"],
  ['toFileUrl("/a b#?%")', () => path.toFileUrl("/a b#?%").href, "file:///a%20b%23%3F%25"],
];

for (const [call, actual, expected] of cases) {
  Deno.test({ name: call, ignore: windows, fn: () => assertEquals(actual(), expected) });
}

Deno.test("fromFileUrl() and toFileUrl() refuse what is no file", () => {
  assertThrows(() => path.fromFileUrl("https://example.org/a"), TypeError);
  assertThrows(() => path.toFileUrl("a"), TypeError);
});
