import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { InstallError } from "../../lib/errors.ts";
import type { Facts } from "../../lib/plan/facts.ts";
import { makePlan } from "../../lib/plan/plan.ts";
import { objections } from "../../lib/plan/preflight.ts";
import { hintFor, type Trouble, TROUBLES, troublesTable } from "../../lib/plan/troubles.ts";
import { facts } from "./fixture.ts";

const plan = makePlan({ flake: ".#web", host: "web" });
const preflight = (given: Facts) => {
  for (const objection of objections(plan, given, "web")) throw objection;
};
const without = (tool: string) => facts({ tools: facts().tools.filter((one) => one !== tool) });

/** What brings our own code into each trouble that it can see by itself. */
const told: readonly [Trouble, () => unknown][] = [
  [TROUBLES.fragment, () => makePlan({ flake: ".", host: "web" })],
  [TROUBLES.host, () => makePlan({ flake: ".#web" })],
  [TROUBLES.source, () => makePlan({ host: "web" })],
  [TROUBLES.tar, () => preflight(without("tar"))],
  [TROUBLES.setsid, () => preflight(without("setsid --wait"))],
  [TROUBLES.linux, () => preflight(facts({ os: "FreeBSD" }))],
  [TROUBLES.architecture, () => preflight(facts({ arch: "riscv64" }))],
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
