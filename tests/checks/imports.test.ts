import { assertEquals } from "@std/assert";
import { ROOT, sources } from "./sources.ts";

// Also what makes coverage honest: a module no test imports would not be in the report at all.
Deno.test("every module of the package loads by itself and does nothing", async () => {
  const before = Object.keys(globalThis);
  for (const path of await sources("mod.ts", "cli.ts", "lib")) {
    await import(new URL(path, ROOT).href);
  }
  assertEquals(Object.keys(globalThis), before);
});
