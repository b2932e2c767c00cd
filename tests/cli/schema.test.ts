import { assertEquals, assertMatch } from "@std/assert";
import { makeSchema, SCHEMA, type Schema } from "../readme/schema.ts";
import { violations } from "../support/json_schema.ts";

const schema: Schema = JSON.parse(await Deno.readTextFile(SCHEMA));
const stamp = { time: "2026-01-01T00:00:00.000Z", host: "web" };
const stage = { ...stamp, type: "stage", stage: "connect", state: "done", ms: 12.5 };

Deno.test("the schema of the events is what their types make now: deno task readme", async () => {
  assertEquals(schema, await makeSchema());
});

Deno.test("the schema has every event, each with what it means and nothing beyond its fields", () => {
  const names = schema.oneOf?.map(({ $ref = "" }) => $ref.replace("#/$defs/", "")) ?? [];
  assertEquals(names.length, new Set(names).size);
  for (const name of ["plan", "stage", "progress", "activity", "waiting", "result", "error"]) {
    assertEquals(names.includes(name), true, name);
  }
  for (const name of names) {
    const { description = "", properties = {}, required = [], additionalProperties } =
      schema.$defs?.[name] ?? {};
    assertMatch(description, /^.{15,}$/);
    assertEquals([properties["type"]?.const, additionalProperties], [
      name.replace("-of-update", ""),
      false,
    ]);
    assertEquals(["time", "host", "type"].filter((one) => !required.includes(one)), []);
  }
  assertEquals(
    "sudoScript" in (schema.$defs?.["plan"]?.properties?.["facts"]?.properties ?? {}),
    false,
  );
});

const wrong: readonly [title: string, event: unknown, violation: RegExp][] = [
  ["a field more", { ...stage, more: 1 }, /^\$\.more: is not in the schema$/],
  ["a field less", { ...stage, stage: undefined }, /^\$\.stage: undefined is/],
  ["no stamp", { type: "stage", stage: "connect", state: "done" }, /^\$\.time: is missing$/],
  ["another stage", { ...stage, stage: "other" }, /^\$\.stage: "other" is none of connect/],
  ["a text for a number", { ...stage, ms: "1" }, /^\$\.ms: "1" is no number$/],
  ["another type", { ...stamp, type: "other" }, /^\$: fits 0 of \d+$/],
  [
    "a path that is none",
    { ...stamp, type: "result", version: 1, dryRun: false, phases: [], times: {}, system: "/x" },
    /^\$\.system: "\/x" does not match/,
  ],
  [
    "a field more inside",
    { ...stamp, type: "result", version: 1, dryRun: false, phases: ["kexec"], times: { other: 1 } },
    /^\$\.times\.other: is not in the schema$/,
  ],
];
for (const [title, event, violation] of wrong) {
  Deno.test(`violations() finds ${title}`, () => {
    assertEquals(violations(stage, schema), []);
    assertMatch(violations(event, schema)[0] ?? "", violation);
  });
}
