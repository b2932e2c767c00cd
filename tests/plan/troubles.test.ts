import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { InstallError } from "../../lib/errors.ts";
import { defaultImage } from "../../lib/plan/image.ts";
import { makePlan } from "../../lib/plan/plan.ts";
import { preflight } from "../../lib/plan/preflight.ts";
import { hintFor, type Trouble, TROUBLES, troublesTable } from "../../lib/plan/troubles.ts";
import { facts } from "./fixture.ts";

const plan = makePlan({ flake: ".#web", host: "web" });
const without = (tool: string) => facts({ tools: facts().tools.filter((one) => one !== tool) });

/** What brings our own code into each trouble that it can see by itself. */
const told: readonly [Trouble, () => unknown][] = [
  [TROUBLES.fragment, () => makePlan({ flake: ".", host: "web" })],
  [TROUBLES.host, () => makePlan({ flake: ".#web" })],
  [TROUBLES.source, () => makePlan({ host: "web" })],
  [TROUBLES.tar, () => preflight(plan, without("tar"), "web")],
  [TROUBLES.setsid, () => preflight(plan, without("setsid --wait"), "web")],
  [TROUBLES.linux, () => preflight(plan, facts({ os: "FreeBSD" }), "web")],
  [TROUBLES.architecture, () => defaultImage("riscv64", "web")],
];

for (const [{ message, hint }, work] of told) {
  Deno.test(`the error for "${message}" says so, and what the table says to do`, () => {
    const error = assertThrows(work, InstallError);
    assertStringIncludes(error.message, message);
    assertEquals(error.hint, hint);
  });
}

Deno.test("TROUBLES has the fourteen of the reference manual, each told, explained and answered", () => {
  const all = Object.values(TROUBLES);
  assertEquals(all.length, 14);
  assertEquals(new Set(all.map(({ message }) => message)).size, 14);
  for (const text of all.flatMap((trouble) => Object.values(trouble))) {
    assert(text.length > 10 && !text.endsWith(".") && !/\p{Cc}/u.test(text), text);
  }
});

Deno.test("hintFor() knows a trouble by its words in the output of a program", () => {
  assertEquals(hintFor("x\nkernel: Failure unpacking initrd!\n", "-"), TROUBLES.initrd.hint);
  assertEquals(hintFor("mode must be either create, mount or y", "-"), TROUBLES.diskoMode.hint);
  assertEquals(hintFor("", "look there"), "look there");
});

Deno.test("troublesTable() has a row of three cells for each trouble", () => {
  const [, , ...rows] = troublesTable().trimEnd().split("\n");
  assertEquals(rows.length, 14);
  for (const row of rows) assertEquals(row.replaceAll("\\|", "").split("|").length, 5, row);
});
