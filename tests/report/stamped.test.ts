import { assert, assertEquals, assertMatch } from "@std/assert";
import { StampedLines } from "../../lib/report/stamped.ts";
import { escapeControls } from "../../lib/escape.ts";

function lines(terminal = false) {
  const written: string[] = [];
  let now = 0;
  const screen = new StampedLines((line) => written.push(line), {
    ...{ terminal, every: 0, clock: () => now },
  });
  const at = (seconds: number) => now = 1000 * seconds;
  return { written, screen, at };
}

Deno.test("stamped lines tell what runs at least every 15 s, and are never painted", () => {
  const { written, screen, at } = lines();
  screen.report({ type: "stage", stage: "install", state: "start" });
  for (let half = 0; half < 2 * 120; half++) {
    at(half / 2);
    const done = Math.min(1e6 * half, 80e6);
    screen.report({
      ...{ type: "progress", stage: "install", what: "closure", done, total: 80e6 },
      paths: { done: half, total: 300 },
    });
    screen.beat();
  }
  const times = written.map((line) => {
    const [, minutes, seconds] = /^\[(\d+):(\d\d)\] /.exec(line) ?? [];
    return 60 * Number(minutes) + Number(seconds);
  });
  times.forEach((time, index) => assert(time - (times[index - 1] ?? 0) <= 15, `${times}`));
  assertEquals(
    written[2],
    "[0:24] running: Installing, 24 s, 48.0/80.0 MB 60%, 2.0 MB/s, 16 s left, 48/300 paths",
  );
  for (const line of written) assertEquals(escapeControls(line), line);
});

Deno.test("stamped lines say that something runs where no stage does", () => {
  const { written, screen, at } = lines();
  at(13);
  screen.beat();
  assertEquals(written, ["[0:13] running"]);
});

Deno.test("stamped lines on a terminal wait while somebody is asked", () => {
  const { written, screen, at } = lines(true);
  screen.report({ type: "waiting", stage: "connect", text: "it greets", asks: true });
  screen.report({ type: "log", level: "warning", text: "later" });
  at(60);
  screen.beat();
  assertEquals(written, []);
  screen.report({ type: "stage", stage: "connect", state: "failed", ms: 60_000 });
  assertEquals(written.length, 2);
  assertMatch(written[0]!, /warning: later$/);
  {
    using _held = screen.hold();
    screen.report({ type: "log", level: "info", text: "held" });
    assertEquals(written.length, 2);
  }
  assertEquals(written.length, 3);
});
