import { assertEquals, assertThrows } from "@std/assert";
import { parseArgs, type ParseOptions } from "@std/cli/parse-args";

const cases: readonly [title: string, line: string, options: ParseOptions, expected: unknown][] = [
  ["reads what looks like an option", "--a --b=c -d e f", {}, {
    ...{ a: true, b: "c", d: "e" },
    _: ["f"],
  }],
  ["makes numbers of numbers", "--a=1 -n5 7 0x10 08", {}, { a: 1, n: 5, _: [7, 16, 8] }],
  ["keeps the text of string options", "--a=1 --b 2", { string: ["a", "b"] }, {
    ...{ a: "1", b: "2" },
    _: [],
  }],
  ["keeps positional text when _ is a string", "007", { string: ["_"] }, { _: ["007"] }],
  ["gives a string option without a value an empty one", "--a --b", { string: "a" }, {
    ...{ a: "", b: true },
    _: [],
  }],
  ["swallows a following positional", "--a x y", { string: ["a"] }, { a: "x", _: ["y"] }],
  ["takes no value that starts with a dash", "--a -b", { string: ["a"] }, {
    ...{ a: "", b: true },
    _: [],
  }],
  ["takes a value with a dash behind =", "--a=-b", { string: ["a"] }, { a: "-b", _: [] }],
  ["cuts at the first =", "--a=b=c", {}, { a: "b=c", _: [] }],
  ["sets booleans to false by default", "x", { boolean: ["a"] }, { a: false, _: ["x"] }],
  ["takes no value for a boolean", "--a x", { boolean: ["a"] }, { a: true, _: ["x"] }],
  ["lets a boolean be said", "--a false --b=false --c=true", { boolean: ["a", "b", "c"] }, {
    ...{ a: false, b: false, c: true },
    _: [],
  }],
  ["takes no values when all are booleans", "--a x", { boolean: true }, { a: true, _: ["x"] }],
  ["collects what may be repeated", "--a 1 --a=b", { collect: ["a"], string: ["a"] }, {
    a: ["1", "b"],
    _: [],
  }],
  ["gives an empty list for nothing collected", "", {
    ...{ collect: ["a", "b", "c"], string: ["a"], boolean: ["b"] },
  }, { a: [], b: [], _: [] }],
  ["lets the last one win", "--a 1 --a 2", {}, { a: 2, _: [] }],
  ["fills in defaults", "--b x", { default: { a: 1, b: 2 } }, { a: 1, b: "x", _: [] }],
  ["sets every alias", "-v --n=x", { alias: { v: ["verbose"], name: "n" }, boolean: ["v"] }, {
    ...{ v: true, verbose: true, n: "x", name: "x" },
    _: [],
  }],
  ["sets aliases of defaults", "", { alias: { a: "b" }, default: { a: 1 } }, {
    ...{ a: 1, b: 1 },
    _: [],
  }],
  ["negates what may be", "--no-a --no-b", { negatable: ["a"], boolean: ["a"] }, {
    ...{ a: false, "no-b": true },
    _: [],
  }],
  ["reads letters of one dash", "-abc x -f/p -n=5 -", { boolean: ["c"] }, {
    ...{ a: true, b: true, c: true, f: "/p", n: 5 },
    _: ["x", "-"],
  }],
  ["stops early", "--a=1 x --b", { stopEarly: true }, { a: 1, _: ["x", "--b"] }],
  ["leaves what follows --", "--a=1 -- --b 2", {}, { a: 1, _: ["--b", "2"] }],
  ["keeps what follows -- apart", "x -- --b -- 2", { "--": true }, {
    _: ["x"],
    "--": ["--b", "--", "2"],
  }],
  ["has no rest without --", "x", { "--": true }, { _: ["x"], "--": [] }],
  ["nests dotted names", "--a.b=1 --a.c=2", {}, { a: { b: 1, c: 2 }, _: [] }],
  ["writes no prototype", "--__proto__.a=1", {}, { _: [] }],
];

for (const [title, line, options, expected] of cases) {
  Deno.test(`parseArgs() ${title}`, () => {
    assertEquals(parseArgs(line.split(" ").filter(Boolean), options) as unknown, expected);
  });
}

Deno.test("parseArgs() keeps an empty argument", () => {
  assertEquals(parseArgs(["--a", "", "--b="], { string: ["a", "b"] }), { a: "", b: "", _: [""] });
});

Deno.test("parseArgs() tells of what is unknown, positionals too", () => {
  const seen: unknown[] = [];
  const unknown = (...args: unknown[]) => void seen.push(args);
  parseArgs(["--a=1", "--b", "x", "-c", "y"], { string: ["a"], boolean: ["c"], unknown });
  assertEquals(seen, [["--b", "b", "x"], ["y"]]);
});

Deno.test("parseArgs() drops what unknown() refuses", () => {
  const args = parseArgs(["--a=1", "x", "--b"], { unknown: () => false, boolean: ["b"] });
  assertEquals(args as unknown, { b: true, _: [] });
});

Deno.test("parseArgs() refuses an alias that is undefined", () => {
  assertThrows(() => parseArgs([], { alias: { a: undefined as unknown as string } }), TypeError);
});

Deno.test("parseArgs() types its result", () => {
  const args = parseArgs(["--s=1", "--on", "--many", "x", "--many=y"], {
    string: ["s", "many", "plain", "hello"],
    boolean: ["on", "off"],
    collect: ["many"],
    default: { plain: "text" },
    alias: { on: "o" },
    "--": true,
  });
  const string: string | undefined = args.s;
  const boolean: boolean = args.on;
  const collected: string[] = args.many;
  const filled: string = args.plain;
  const alias: boolean = args.o;
  const rest: string[] = args["--"];
  const other: Array<string | number> = args._;
  // @ts-expect-error it may be missing
  const missing: string = args.hello;
  assertEquals([string, boolean, collected, filled, alias, rest, other, missing], [
    ...["1", true, ["x", "y"], "text", true, [], [], undefined],
  ]);
  const names: string[] = ["a"];
  const dynamic: Record<string, unknown> = parseArgs(["--a=1"], { string: names, collect: names });
  assertEquals(dynamic, { a: ["1"], _: [] });
});
