import { assertEquals } from "@std/assert";
import { ignore } from "../ssh/fixture.ts";
import { buildParts } from "./parts.ts";
import { Scene } from "./scene.ts";

const parts = ignore ? { disko: "", system: "" } : await buildParts();

Deno.test("the command installs store paths", { ignore }, async () => {
  await using scene = await Scene.open({ parts });
  const { code, stdout, stderr } = await scene.run(scene.words);
  assertEquals(code, 0, stderr);
 
  assertEquals(stdout, `root@127.0.0.1 runs ${parts.system}\n`);
  assertEquals(await scene.place.left(), []);
});
