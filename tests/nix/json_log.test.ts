import { assert, assertEquals } from "@std/assert";
import { knowsNoJsonLog } from "../../lib/nix/activity.ts";
import { JsonLog } from "../../lib/nix/json_log.ts";
import { Random } from "../support/random.ts";

const A = "/nix/store/0c8v6a1qzvlkn1rhkd5czbjl0ssbk5ss-a-1.0.drv";
const B = "/nix/store/1c8v6a1qzvlkn1rhkd5czbjl0ssbk5ss-b-2.0";

/** A line of the log. */
function line(action: string, fields: Readonly<Record<string, unknown>>): string {
  return `@nix ${JSON.stringify({ action, ...fields })}`;
}
const start = (id: number, type: number, more: Readonly<Record<string, unknown>> = {}) =>
  line("start", { id, type, level: 6, text: "", ...more });
const result = (id: number, type: number, ...fields: unknown[]) =>
  line("result", { id, type, fields });
const stop = (id: number) => line("stop", { id });

Deno.test("JsonLog prints what nix would have printed", () => {
  const log = new JsonLog();
  const printed = (text: string) => log.lines(text);
  const error = "\x1b[31;1merror:\x1b[0m\n       … while\n\n       \x1b[31;1merror:\x1b[0m no way";
  assertEquals(printed(line("msg", { level: 0, msg: error })), [
    ...["error:", "       … while", "", "       error: no way"],
  ]);
  assertEquals(printed("warning: from the start-up files"), ["warning: from the start-up files"]);
  assertEquals(printed(start(1, 105, { level: 3, text: `building '${A}'`, fields: [A] })), [
    `building '${A}'...`,
  ]);
  assertEquals(printed(start(2, 0, { text: "querying info about missing paths" })), []);
  assertEquals(printed(result(1, 101, "a line of the build")), []);
  assertEquals(new JsonLog(true).lines(result(1, 101, "a line")), ["a line"]);
});

Deno.test("JsonLog tells what nix is at, over all of its activities", () => {
  const log = new JsonLog();
  const url = "https://user:secret@cache.example.org/nar/abc.nar.xz?token=secret";
  for (
    const each of [
      ...[start(1, 102), start(2, 104), result(2, 105, 1, 5, 2, 0)],
      ...[start(3, 105, { fields: [A] }), start(4, 101, { fields: [url] })],
      ...[result(1, 106, 101, 9000), result(4, 105, 400, 1000, 0, 0)],
      ...[start(5, 100, { fields: [B, "here", "there"] }), result(3, 101, "cc\x1b[1m x.c")],
    ]
  ) log.lines(each);
  assert(log.changed);
  assertEquals(log.activity, {
    builds: { done: 1, running: 2, total: 5 },
    fetched: { done: 400, total: 9000 },
    names: ["a-1.0", "b-2.0", "abc.nar.xz"],
    line: "cc x.c",
  });
  assertEquals(log.changed, false);
  for (const id of [3, 4, 5, 2, 1]) log.lines(stop(id));
  // What is over stays counted.
  assertEquals(log.activity.builds, { done: 1, running: 0, total: 1 });
  assertEquals([log.activity.fetched.done, log.activity.names], [400, []]);
});

Deno.test("JsonLog tells what a build printed last where nix leaves it out of its error", () => {
  const log = new JsonLog();
  log.lines(start(1, 105, { fields: [A] }));
  for (let at = 0; at < 12; at++) log.lines(result(1, 101, `line ${at}`));
  log.lines(stop(1));
  for (const said of [`builder for '${A}' failed with exit code 3`, `Cannot build '${A}'.`]) {
    const lines = log.lines(line("msg", { level: 0, msg: `\x1b[31;1merror:\x1b[0m ${said}` }));
    assertEquals(lines.slice(0, 3), [
      `error: ${said}`,
      "       last 10 log lines:",
      "       > line 2",
    ]);
    assertEquals(lines.length, 12);
  }
  const told = `error: builder for '${A}' failed;\n       last 1 log lines:\n       > x`;
  assertEquals(log.lines(line("msg", { level: 0, msg: told })).length, 3);
});

Deno.test("JsonLog takes whatever comes", () => {
  const hostile = [
    ...["@nix", "@nix ", "@nix {", "@nix null", "@nix []", "@nix 1", '@nix {"action":1}'],
    ...[line("start", {}), line("start", { id: "1" }), line("result", { id: 1, fields: 5 })],
    ...[line("msg", { msg: { a: 1 } }), result(1, 105, -1, 1e400, "x"), result(1, 106, null)],
    ...[start(1, 9999, { fields: [null] }), start(1, 105, { fields: [{}] }), stop(77)],
    `@nix {"action":"msg","level":0,"msg":"error: cut off in the mid`,
  ];
  const log = new JsonLog(true);
  for (const text of hostile) for (const one of log.lines(text)) assert(typeof one === "string");
  assertEquals(log.lines(hostile.at(-1)!), ["error: cut off in the mid"]);
  assertEquals(log.activity.builds, { done: 0, running: 0, total: 0 });
  // A line of megabytes, whole or not, is bounded.
  const huge = "x".repeat(3_000_000);
  for (const text of [line("msg", { msg: huge }), `@nix {"action":"msg","msg":"${huge}`, huge]) {
    assert(log.lines(text).join("").length <= Math.max(16 * 1024, text === huge ? huge.length : 0));
  }
  for (let id = 0; id < 30_000; id++) log.lines(start(id, 105, { fields: [A] }));
  assertEquals(log.activity.names, ["a-1.0"]);
  const random = new Random(11);
  const whole = result(1, 105, 1, 5, 2, 0) + line("msg", { msg: "error: é\n" });
  for (let count = 0; count < 3000; count++) {
    const at = random.below(whole.length);
    const text = `@nix ${whole.slice(at, at + random.below(90))}`;
    for (const one of log.lines(text)) assert(one.length <= 16 * 1024);
  }
});

Deno.test("a nix that knows no such log is known by its words", () => {
  for (
    const said of [
      ...["error: unrecognised flag '--log-format'", "error: unknown flag '--log-format'"],
      "error: option 'log-format' has an invalid value 'internal-json'",
    ]
  ) assert(knowsNoJsonLog(said), said);
  assert(!knowsNoJsonLog("error: unrecognised flag '--other'"));
});
