import { assert, assertEquals, assertLess } from "@std/assert";
import { Pace, type TryKind } from "../../lib/ssh/pace.ts";

const KINDS: readonly TryKind[] = [
  ...["unanswered", "refused", "silent", "turned away", "turned away on the way"] as const,
  ...["throttled", "unreachable", "denied", "broken"] as const,
];

/** When tries of one kind begin within so many seconds. */
function times(kind: TryKind, seconds: number, usual = 50): number[] {
  const pace = new Pace(usual);
  const all = [0];
  for (let now = pace.pause(kind); now < seconds * 1000; now += pace.pause(kind)) {
    all.push(now);
    pace.count(kind);
  }
  return all;
}

for (const kind of KINDS) {
  Deno.test(`Pace waits longer from try to try: ${kind}`, () => {
    const all = times(kind, 600);
    const pauses = all.slice(1).map((time, index) => time - all[index]!);
    for (const [index, pause] of pauses.entries()) {
      assert(pause >= (pauses[index - 1] ?? 0) - 0.001, `${index}: ${pause}`);
    }
  });
}

Deno.test("Pace makes a few dozen tries in six minutes of silence", () => {
  assertLess(times("silent", 360).length, 30);
  assertLess(times("turned away", 360).length, 50);
  assertLess(times("unanswered", 360).length, 60);
});

Deno.test("Pace makes a handful of tries that a slow server sees", () => {
  assertEquals(times("silent", 10).length, 5);
  assertLess(times("turned away on the way", 15).length, 10);
  assertLess(times("silent", 15, 8000).length, 6);
});

Deno.test("Pace stays below what shuts out a source from OpenSSH 9.8 on", () => {
  const penalties = [["silent", 1], ["turned away", 1], ["broken", 1], ["denied", 5]] as const;
  for (const [kind, seconds] of penalties) {
    let until = 0;
    for (const time of times(kind, 600)) {
      until = Math.max(until, time) + seconds * 1000;
      assertLess(until - time, 15_000, `${kind} after ${time} ms`);
    }
  }
});

Deno.test("Pace notices within about a second where nothing is asked of the target", () => {
  const pace = new Pace(50);
  for (let now = 0; now < 8000; now += pace.pause("refused")) pace.count("refused");
  assertLess(pace.pause("refused"), 1500);
});
