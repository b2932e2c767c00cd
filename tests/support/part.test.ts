import { assert, assertEquals } from "@std/assert";
import { countLeft, PARTS, Rows } from "./part.ts";

const table = [
  ...["a", "b", "a", "a", "b", "a", "a", "b", "b", "a", "a", "a"].map((kind) => ({
    kind,
    guards: false,
  })),
  { kind: "a", guards: true },
];
const chosen = (rows: Rows) =>
  table.flatMap(({ kind, guards }, index) => rows.has(kind, guards) ? [index] : []);

Deno.test("Rows has every row in some part, and in each the first of a kind and what guards", () => {
  const parts = Array.from({ length: PARTS }, (_, part) => chosen(new Rows(part)));
  assertEquals([...new Set(parts.flat())].sort((a, b) => a - b), [...table.keys()]);
  for (const part of parts) {
    assert([0, 1, 12].every((index) => part.includes(index)), `${part}`);
    assert(part.length < table.length, `${part}`);
  }
  assertEquals(chosen(new Rows("all")), [...table.keys()]);
});

Deno.test("Rows says how many rows it has left out, and countLeft() reads it", () => {
  const rows = new Rows(1);
  const left = table.length - chosen(rows).length;
  assertEquals(rows.note, `${left} rows left to task test:all (part 2 of ${PARTS})`);
  assertEquals(countLeft(`x\n${rows.note}\n\ny\n${rows.note}\n`), 2 * left);
  const all = new Rows("all");
  chosen(all);
  assertEquals(all.note, "");
});
