import { assertEquals } from "@std/assert";
import { eachLine } from "../lib/lines.ts";
import { compactLine, playLine } from "../lib/terminal.ts";
import { Random } from "./support/random.ts";

const rows: readonly [raw: string, seen: string][] = [
  ["plain", "plain"],
  ["Writing inode tables:  0/16\b\b\b\b\b 1/16\b\b\b\b\bdone ", "Writing inode tables: done"],
  [
    "Writing inode tables: 0/3\b\b\b1/3\b\b\b2/3\b\b\bdone                            ",
    "Writing inode tables: done",
  ],
  ["10%\r50%\r100%", "100%"],
  ["a longer line\rshort", "shortger line"],
  ["a longer line\r\x1b[Kshort", "short"],
  ["copying 5\x1b[2K\rcopying 10", "copying 10"],
  ["\b\b\bat the edge", "at the edge"],
  ["\x1b[1;31mred\x1b[0m and not", "red and not"],
  ["\x1b[2Jnot a line's", "\x1b[2Jnot a line's"],
  ["ü\bo", "o"],
];
for (const [raw, seen] of rows) {
  Deno.test(`playLine() shows ${JSON.stringify(raw)} as a terminal does`, () => {
    assertEquals(playLine(raw), seen);
  });
}

Deno.test("compactLine() looks the same whatever follows", () => {
  const random = new Random(7);
  const parts = ["a", "bc", "\b", "\b\b", "\r", "\x1b[K", "\x1b[2K", "\x1b[1m", " ", "ö"];
  const text = (length: number) =>
    Array.from({ length }, () => parts[random.below(parts.length)]).join("");
  for (let count = 0; count < 2000; count++) {
    const [before, after] = [text(20), text(8)];
    for (const cut of ["", "\x1b", "\x1b[", "\x1b[2"]) {
      const rest = cut === ""
        ? after
        : `${cut}${cut === "\x1b" ? "[" : ""}K${after}`.slice(cut.length);
      assertEquals(
        playLine(compactLine(before + cut) + rest),
        playLine(before + cut + rest),
        JSON.stringify([before, cut, after]),
      );
    }
  }
});

Deno.test("eachLine() keeps a line whole that is long only by what it writes over", async () => {
  const lines: string[] = [];
  const numbers = Array.from({ length: 20_000 }, (_, at) => String(at).padStart(5));
  const text = `inode tables: ${numbers.join("\b".repeat(5))}\b\b\b\b\bdone \nnext\n`;
  await eachLine(new Blob([text]).stream(), (line) => lines.push(playLine(line)));
  assertEquals(lines, ["inode tables: done", "next"]);
});
