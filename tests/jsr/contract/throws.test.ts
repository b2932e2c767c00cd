import { assertEquals, AssertionError, assertRejects, assertThrows } from "@std/assert";

function thrower(error: unknown): () => never {
  return () => {
    throw error;
  };
}

Deno.test("assertThrows() returns what was thrown, of any kind", () => {
  const error: RangeError = assertThrows(thrower(new RangeError("a b")), RangeError, "a");
  assertEquals(error.message, "a b");
  assertEquals(assertThrows(thrower(7)), 7);
  assertEquals(assertThrows(thrower(new Error("x")), Error, "", "why") instanceof Error, true);
});

const wrong: readonly [title: string, call: () => unknown][] = [
  ["nothing thrown", () => assertThrows(() => {})],
  ["another class", () => assertThrows(thrower(new Error()), TypeError)],
  ["another message", () => assertThrows(thrower(new Error("a")), Error, "b")],
  ["no error at all", () => assertThrows(thrower("a"), Error)],
];

for (const [title, call] of wrong) {
  Deno.test(`assertThrows() fails for ${title}`, () => {
    assertThrows(call, AssertionError);
  });
}

Deno.test("assertRejects() gives what a promise was rejected with", async () => {
  const call = () => Promise.reject(new RangeError("a b"));
  const error: RangeError = await assertRejects(call, RangeError, "b");
  assertEquals(error.message, "a b");
  assertEquals(await assertRejects(() => Promise.reject(7)), 7);
});

const unrejected: readonly [title: string, call: () => Promise<unknown>][] = [
  ["a promise that is kept", () => assertRejects(() => Promise.resolve())],
  ["a function that throws at once", () => assertRejects(thrower(new Error()))],
  ["another class", () => assertRejects(() => Promise.reject(new Error()), TypeError)],
  ["another message", () => assertRejects(() => Promise.reject(new Error("a")), Error, "b")],
  ["no error at all", () => assertRejects(() => Promise.reject("a"), Error)],
  ["no promise", () => assertRejects((() => 7) as unknown as () => Promise<unknown>)],
];

for (const [title, call] of unrejected) {
  Deno.test(`assertRejects() fails for ${title}`, async () => {
    await assertRejects(call, AssertionError);
  });
}
