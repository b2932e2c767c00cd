import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { TITLES } from "../../lib/report/stages.ts";
import { read } from "../checks/sources.ts";
import { draw, screens } from "./drawing.ts";

Deno.test("draw() shows each screen for its time, and each row that stays once", () => {
  const write = (at: number, text: string) => ({ at, text, columns: 20 });
  const frames = [
    write(1, "$ run <x> & y\r\n\x1b[33m⠋\x1b[0m Installing\r\n"),
    write(3, "\x1b[1A\x1b[J\x1b[32m✓\x1b[0m Installing\r\n"),
  ];
  const shown = screens(frames, { columns: 20, rows: 5, every: 1 });
  assertEquals(shown.map(({ at }) => at), [1, 3]);
  const svg = draw(shown, { columns: 20, rows: 5, title: "a run" });
  assertEquals(svg.match(/\$ run &lt;x&gt; &amp; y/g)?.length, 1);
  assertEquals(svg.match(/class="f"/g)?.length, 2);
  assertMatch(svg, /<text x="14" y="13.5" class="s32">✓<\/text>/);
  assertMatch(svg, /@keyframes k1\{0%\{opacity:0\}25\.00%\{opacity:1\}\}/);
});

Deno.test("README's picture is small, and of a view as it is now", async () => {
  const svg = await read("examples/picture.svg");
  assert(svg.length < 60_000, `${svg.length} bytes`);
  assertStringIncludes(await read("README.md"), "(examples/picture.svg)");
  const seen = ["connect", "facts", "evaluate", "build", "image", "kexec", "disko"] as const;
  for (const stage of [...seen, "install", "reboot"] as const) {
    assertStringIncludes(svg, TITLES[stage]);
  }
});
