import { assertEquals } from "@std/assert";
import { showBytes, showBytesOf, showClock, showTime } from "../../lib/report/amounts.ts";
import { cutText, textWidth } from "../../lib/report/text_width.ts";

Deno.test("amounts are short, and have the unit of the whole", () => {
  assertEquals([0, 1, 999, 1000, 12_345, 999_499, 999_500, 330e6, 5e18].map(showBytes), [
    ...["0 B", "1 B", "999 B", "1.0 kB", "12.3 kB", "999 kB", "1.0 MB", "330 MB", "5000 PB"],
  ]);
  assertEquals(showBytesOf(4.5e6, 80e6), "4.5/80.0 MB");
  assertEquals(showBytesOf(90, 80), "80/80 B");
  assertEquals([0, 4200, 59_999, 60_000, 3_753_000].map((ms) => showTime(ms)), [
    ...["0 s", "4 s", "59 s", "1:00", "1:02:33"],
  ]);
  assertEquals([4200, 59_960].map((ms) => showTime(ms, true)), ["4.2 s", "59 s"]);
  assertEquals([7000, 3_753_000].map(showClock), ["0:07", "1:02:33"]);
});

Deno.test("textWidth() counts columns, cutText() keeps to them", () => {
  const widths: readonly [text: string, width: number][] = [
    ["", 0],
    ["plain", 5],
    ["ビルド", 6],
    ["e\u0301", 1],
    ["\x1b[31mred\x1b[0m", 3],
    ["👍🏽", 2],
    ["✓⠋…", 3],
  ];
  for (const [text, width] of widths) assertEquals(textWidth(text), width, text);
  assertEquals(cutText("ビルド", 6), "ビルド");
  assertEquals(cutText("ビルド", 5), "ビル…");
  assertEquals(cutText("ビルド", 4), "ビ…");
  assertEquals([cutText("abc", 1), cutText("abc", 0)], ["…", ""]);
});
