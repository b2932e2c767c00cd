import { assert, assertEquals } from "@std/assert";
import { ROOT } from "./sources.ts";

const LARGEST_BYTES = 300_000;

/** What no file may name: folders of one machine, hosts of package registries and mirrors. */
const NOT_HERE: readonly RegExp[] = [
  // Each is written so that it does not match itself.
  /\/wor[k]\//,
  /\/far[m]\//,
  /https?:\/\/(registr[y]|de[b]|snapsho[t])\./,
];

/** What a text names that it may not. */
function named(text: string): string[] {
  return NOT_HERE.flatMap((pattern) => pattern.exec(text)?.[0] ?? []);
}

async function trackedFiles(): Promise<string[]> {
  const { stdout } = await new Deno.Command("git", { args: ["ls-files", "-z"], cwd: ROOT })
    .output();
  return new TextDecoder().decode(stdout).split("\0").filter(Boolean);
}

const checkout = await Deno.stat(new URL(".git", ROOT)).then(() => true, () => false);

Deno.test({
  name: "no tracked file names a machine's folder or a registry's host, or is very large",
  ignore: !checkout,
  async fn() {
    const files = await trackedFiles();
    const wrong: string[] = [];
    let seen = 0;
    for (const file of files) {
      // One that is deleted here and not yet in git is nobody's fault; a link is not followed.
      const url = new URL(file.split("/").map(encodeURIComponent).join("/"), ROOT);
      const info = await Deno.lstat(url).catch(() => undefined);
      if (!info?.isFile) continue;
      seen++;
      if (info.size > LARGEST_BYTES) wrong.push(`${file} has ${info.size} bytes`);
      wrong.push(...named(await Deno.readTextFile(url)).map((what) => `${file} names ${what}`));
    }
    assert(seen > 10, "the files were not found");
    assertEquals(wrong, []);
  },
});

Deno.test("what must not be named is found", () => {
  assertEquals(named(["see ", "work", "x"].join("/")), [["", "work", ""].join("/")]);
  assertEquals(named(["", "farm", "x"].join("/")).length, 1);
  for (const host of ["registry", "deb", "snapshot"]) {
    assertEquals(named(`https:/${"/"}${host}.example.org/x`).length, 1);
  }
  assertEquals(named("https://example.org/working"), []);
});
