import * as std from "@std/assert";
import { AssertionError } from "@std/assert";

class Point {
  constructor(readonly x: number) {}
}

/** Whether a call fails as an assertion does. Not checked by assertions: they are what is tested. */
function fails(call: () => unknown): boolean {
  try {
    call();
    return false;
  } catch (error) {
    if (error instanceof AssertionError && error.name === "AssertionError") return true;
    throw error;
  }
}

function expect(title: string, holds: boolean): void {
  if (!holds) throw new Error(`not so: ${title}`);
}

const loop = (): unknown => {
  const value: { self?: unknown } = {};
  value.self = value;
  return value;
};

const pairs: readonly [a: unknown, b: unknown, equal: boolean][] = [
  [1, 1, true],
  [1, "1", false],
  [NaN, NaN, true],
  [0, -0, true],
  [null, undefined, false],
  ["a", "b", false],
  [[1, [2]], [1, [2]], true],
  [[1, 2], [2, 1], false],
  [[1], { 0: 1 }, false],
  [{ a: 1, b: 2 }, { b: 2, a: 1 }, true],
  [{ a: undefined }, {}, false],
  [{ a: undefined }, { b: undefined }, false],
  [{ a: 1 }, Object.assign(Object.create(null), { a: 1 }), true],
  [new Point(1), new Point(1), true],
  [new Point(1), new Point(2), false],
  [new Point(1), { x: 1 }, false],
  [new Date(1), new Date(1), true],
  [new Date(1), new Date(2), false],
  [/a/g, /a/g, true],
  [/a/g, /a/i, false],
  [new URL("file:///a"), new URL("file:///a"), true],
  [new URL("file:///a"), new URL("file:///b"), false],
  [new Uint8Array([1]), new Uint8Array([1]), true],
  [new Uint8Array([1]), new Uint8Array([2]), false],
  [new Uint8Array([1]), new Uint16Array([1]), false],
  [new Set([1, { a: 1 }]), new Set([{ a: 1 }, 1]), true],
  [new Set([1]), new Set([2]), false],
  [new Map([["a", [1]]]), new Map([["a", [1]]]), true],
  [new Map([["a", [1]]]), new Map([["a", [2]]]), false],
  [{ [Symbol.iterator]: 1 }, { [Symbol.iterator]: 2 }, false],
  [loop(), loop(), true],
];

for (const [index, [a, b, equal]] of pairs.entries()) {
  Deno.test(`assertEquals() ${equal ? "takes" : "refuses"} pair ${index}`, () => {
    expect("assertEquals", fails(() => std.assertEquals(a, b)) !== equal);
    expect("the other way round", fails(() => std.assertEquals(b, a)) !== equal);
    expect("assertNotEquals", fails(() => std.assertNotEquals(a, b)) === equal);
  });
}

const calls: readonly [title: string, passing: () => unknown, failing: () => unknown][] = [
  ["assert", () => std.assert(1), () => std.assert("")],
  ["assertFalse", () => std.assertFalse(0), () => std.assertFalse(1)],
  ["assertExists", () => std.assertExists(0), () => std.assertExists(null)],
  ["assertStrictEquals", () => std.assertStrictEquals(NaN, NaN), () => {
    std.assertStrictEquals({} as unknown, {});
  }],
  ["assertNotStrictEquals", () => std.assertNotStrictEquals({}, {}), () => {
    std.assertNotStrictEquals(1, 1);
  }],
  ["assertStringIncludes", () => std.assertStringIncludes("abc", "b"), () => {
    std.assertStringIncludes("abc", "d");
  }],
  ["assertMatch", () => std.assertMatch("abc", /b/), () => std.assertMatch("abc", /d/)],
  ["assertNotMatch", () => std.assertNotMatch("abc", /d/), () => std.assertNotMatch("abc", /b/)],
  ["assertInstanceOf", () => std.assertInstanceOf(new TypeError(), Error), () => {
    std.assertInstanceOf({}, Error);
  }],
  ["assertGreater", () => std.assertGreater(2, 1), () => std.assertGreater(1, 1)],
  ["assertGreaterOrEqual", () => std.assertGreaterOrEqual(1, 1), () => {
    std.assertGreaterOrEqual(0, 1);
  }],
  ["assertLess", () => std.assertLess(1, 2), () => std.assertLess(1, 1)],
  ["assertLessOrEqual", () => std.assertLessOrEqual(1, 1), () => std.assertLessOrEqual(2, 1)],
  ["assertArrayIncludes", () => std.assertArrayIncludes([1, [2]], [[2]]), () => {
    std.assertArrayIncludes([1], [1, 2]);
  }],
];

for (const [title, passing, failing] of calls) {
  Deno.test(`${title}() passes and fails`, () => {
    expect("passes", !fails(passing));
    expect("fails", fails(failing));
  });
}

const matches: readonly [actual: unknown, expected: unknown, match: boolean][] = [
  [{ a: 1, b: { c: 2, d: 3 } }, { b: { c: 2 } }, true],
  [{ a: 1 }, { a: 2 }, false],
  [{ a: 1 }, { b: 1 }, false],
  [{ a: [{ b: 1, c: 2 }, 3] }, { a: [{ b: 1 }] }, true],
  [{ a: [1] }, { a: [1, 2] }, false],
  [{ a: new Date(1) }, { a: new Date(2) }, false],
  [{ a: new Point(1) }, { a: { x: 1 } }, true],
  [{ a: new Map([["k", { b: 1, c: 2 }], ["l", {}]]) }, { a: new Map([["k", { b: 1 }]]) }, true],
  [{ a: new Set([1, 2]) }, { a: new Set([2]) }, true],
];

for (const [index, [actual, expected, match]] of matches.entries()) {
  Deno.test(`assertObjectMatch() ${match ? "takes" : "refuses"} pair ${index}`, () => {
    const call = () => std.assertObjectMatch(actual as never, expected as never);
    expect("as it should", fails(call) !== match);
  });
}

Deno.test("every failure names the values and the caller's message", () => {
  const all = (call: () => unknown, ...parts: string[]) => {
    const error = std.assertThrows(call, AssertionError);
    for (const part of parts) expect(`${part} in ${error.message}`, error.message.includes(part));
  };
  all(() => std.assertEquals({ name: "left" }, { name: "right" }, "why"), "left", "right", "why");
  all(() => std.assertStringIncludes("left", "right", "why"), "left", "right", "why");
  all(() => std.assertGreater(17, 42), "17", "42");
  all(() => std.fail("why"), "why");
  all(() => std.unreachable("why"), "why");
});
