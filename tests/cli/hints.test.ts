import { assert, assertEquals } from "@std/assert";
import { ROOT } from "../checks/sources.ts";
import { FLAGS, flagsOf } from "../../lib/cli/flags.ts";
import { INIT_TABLE } from "../../lib/cli/init.ts";
import { UPDATE_TABLE } from "../../lib/plan/update_options.ts";

/** The texts of all hints of the package, by file. */
async function hints(folder: URL): Promise<[file: string, text: string][]> {
  const found: [string, string][] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) found.push(...await hints(new URL(`${name}/`, folder)));
    else if (name.endsWith(".ts")) {
      const text = await Deno.readTextFile(new URL(name, folder));
      for (const [hint] of text.matchAll(/\bhint[:=(]\s*(["`'])(?:\\.|(?!\1)[^])*\1/g)) {
        found.push([name, hint]);
      }
    }
  }
  return found;
}

Deno.test("hints name options that exist", async () => {
  const all = await hints(new URL("lib/", ROOT));
  assert(all.length > 40, `${all.length} hints were found`);
  const known = new Set(
    [...FLAGS, ...Object.values({ ...INIT_TABLE, ...UPDATE_TABLE }).flatMap(flagsOf)].map((
      { name },
    ) => name),
  );
  const unknown = all.flatMap(([file, hint]) =>
    [...hint.matchAll(/(?<![\w-])--[a-z][\w-]*/g)].map(([option]) => option)
      // Of git, not ours.
      .filter((option) => !known.has(option) && option !== "--intent-to-add")
      .map((option) => `${file}: ${option}`)
  );
  assertEquals(unknown, []);
});
