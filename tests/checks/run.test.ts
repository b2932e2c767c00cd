import { assert, assertEquals, assertLess, assertMatch, assertStringIncludes } from "@std/assert";
import { LOOPBACK, MACHINE, missing } from "../setup.ts";
import { Children } from "./children.ts";
import { countCheck, countTests, failuresOf, sum } from "./count.ts";
import { parseLcov, percent, removeBroken, table } from "./coverage.ts";
import { sources } from "./sources.ts";
import { findWork, LONG, MACHINE as MACHINE_TESTS, sideBySide } from "./work.ts";

const reports: readonly [title: string, output: string, ok: boolean, counts: number[]][] = [
  ["a good run", "a ... ok\n\nok | 175 passed | 0 failed (6s)\n", true, [175, 0, 0]],
  [
    "steps and ignored tests",
    "FAILED | 2 passed (1 step) | 5 failed (1 step) | 1 ignored (1s)",
    false,
    [
      ...[2, 5, 1],
    ],
  ],
  ["colours", "\x1b[32mok\x1b[0m | 3 passed | 0 failed \x1b[2m(1s)\x1b[0m", true, [3, 0, 0]],
  ["the last of several reports", "ok | 1 passed | 0 failed\nok | 2 passed | 0 failed", true, [
    ...[2, 0, 0],
  ]],
  ["a run that was killed", "a ... ", false, [0, 1, 0]],
  ["a failure behind a good report", "ok | 3 passed | 0 failed", false, [3, 1, 0]],
  ["success without a report", "", true, [0, 1, 0]],
];

for (const [title, output, ok, counts] of reports) {
  Deno.test(`countTests() reads ${title}`, () => {
    const { passed, failed, ignored } = countTests(output, ok);
    assertEquals([passed, failed, ignored], counts);
  });
}

Deno.test("sum() adds tests and checks", () => {
  const all = sum([{ passed: 2, failed: 1, ignored: 1 }, countCheck(true), countCheck(false)]);
  assertEquals(all, { passed: 3, failed: 2, ignored: 1 });
});

Deno.test("table() shows each file and the total", () => {
  const report = "SF:/p/lib/b.ts\nDA:1,1\nLH:1\nLF:4\nend_of_record\n" +
    "SF:/p/lib/a.ts\nLH:4\nLF:4\nend_of_record\n";
  const files = parseLcov(report);
  assertEquals(files.map(({ reached, all }) => [reached, all]), [[1, 4], [4, 4]]);
  const lines = table(files, "/p/").split("\n");
  assertMatch(lines[0] ?? "", /^lib\/a\.ts +100\.0 % +4\/4$/);
  assertMatch(lines[2] ?? "", /^total +62\.5 % +5\/8$/);
  assertEquals(percent({ reached: 0, all: 0 }), 100);
});

Deno.test("failuresOf() tells each failure of a real run, and the beginning of its error", async () => {
  const folder = await Deno.makeTempDir();
  const source = [
    'Deno.test("throws", () => { throw new Error("what\\nmore"); });',
    'Deno.test("in a step", (t) => t.step("inner", () => { throw new TypeError("x") }).then(() => {}));',
    'Deno.test("good", () => {});',
  ];
  await Deno.writeTextFile(`${folder}/a.test.ts`, source.join("\n"));
  const late =
    'Deno.test("late", () => new Promise(() => setTimeout(() => { throw new Error("l") })));';
  await Deno.writeTextFile(`${folder}/b.test.ts`, late);
  using children = new Children(60_000);
  const { output } = await children.run(["test", "--no-check", folder]);
  const failures = failuresOf(output).map((failure) => failure.split("\n").slice(0, 3));
  const heads = [
    /^throws => .*a\.test\.ts:1:6$/,
    /^in a step \.\.\. inner => .*:2:33$/,
    /b\.test\.ts /,
  ];
  heads.forEach((head, at) => assertMatch(failures[at]?.[0] ?? "", head));
  assertEquals(failures.map((lines) => lines[1]), [
    ...["  error: Error: what", "  error: TypeError: x", "  error: Error: l"],
  ]);
  assertEquals(failuresOf("ok | 2 passed | 0 failed"), []);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("removeBroken() leaves the profiles that can be read", async () => {
  const folder = await Deno.makeTempDir();
  const files = { "whole.json": "{}", "empty.json": "", "cut.json": '{"result":[' };
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(`${folder}/${name}`, text);
  }
  await removeBroken(folder);
  assertEquals((await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name), [
    "whole.json",
  ]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("missing() finds commands beside the path of a plain user, and files", async () => {
  const needs = ["no-such-command", "/no/such/file", "sh", "/bin/sh"];
  assertEquals(await missing(needs), ["no-such-command", "/no/such/file"]);
  assert(LOOPBACK.includes("ssh") && MACHINE.includes("qemu-system-x86_64"));
});

Deno.test("Children tells how a child ended, and what it said", async () => {
  using children = new Children(30_000);
  const { ok, output } = await children.run(["eval", "console.log(1); Deno.exit(3)"]);
  assertEquals([ok, output], [false, "1\n"]);
});

Deno.test("Children ends a child that hangs, and starts no other", async () => {
  using children = new Children(500);
  const { ok, seconds } = await children.run([
    "eval",
    "await new Promise((r) => setTimeout(r, 60_000))",
  ]);
  assertEquals([ok, children.stopped], [false, "out of time"]);
  assertLess(seconds, 20);
  assertStringIncludes((await children.run(["eval", "1"])).output, "not started");
});

Deno.test("findWork() has every test in one process, and names nothing that is not there", async () => {
  const work = await findWork();
  const named = work.filter(({ args }) => !args.includes("--doc")).flatMap(({ args }) => args);
  const files = (await sources("tests")).filter((path) => path.endsWith(".test.ts"));
  assertEquals(named.toSorted(), files);
  const titles = work.map(({ title }) => title);
  assertEquals([...MACHINE_TESTS, ...LONG].filter((name) => !titles.includes(name)), []);
});

Deno.test("sideBySide() runs all, one of the machine's at a time, and the others meanwhile", async () => {
  const work = ["m1", "m2", "a", "b", "c", "d"].map((title) => ({
    title,
    args: [],
    machine: title.startsWith("m"),
  }));
  const running = new Set<string>();
  const seen: string[] = [];
  const ended = await sideBySide(work, async ({ title }) => {
    running.add(title);
    seen.push([...running].join());
    await new Promise((resolve) => setTimeout(resolve, 1));
    running.delete(title);
    return title;
  });
  assertEquals(ended.toSorted(), ["a", "b", "c", "d", "m1", "m2"]);
  assertEquals(seen.filter((titles) => /m1.*m2|m2.*m1/.test(titles)), []);
  assert(seen.some((titles) => /m.*,[abcd]|[abcd],m/.test(titles)), seen.join(" "));
});
