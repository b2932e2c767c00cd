import { assert, assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../lib/errors.ts";
import { readTimeouts, WAITS } from "../../lib/plan/timeouts.ts";

Deno.test("readTimeouts() gives each wait an end that a timer can count to", () => {
  const timeouts = readTimeouts();
  assertEquals(Object.keys(timeouts), [...WAITS]);
  for (const wait of WAITS) assert(timeouts[wait] >= 60_000 && timeouts[wait] < 2 ** 31, wait);
});

Deno.test("readTimeouts() reads settings and records alike, in seconds", () => {
  assertEquals(readTimeouts(["boot=5", "copy=0.25"]), readTimeouts({ boot: 5, copy: 0.25 }));
  const { boot, copy, connect } = readTimeouts(["boot=1", "copy=2000000", "boot=5"]);
  assertEquals([boot, copy, connect], [5000, 2_000_000_000, readTimeouts().connect]);
});

Deno.test("readTimeouts() refuses numbers that are no time to wait", () => {
  for (const seconds of [0, -1, NaN, Infinity, 2_000_001]) {
    assertThrows(() => readTimeouts({ boot: seconds }), UsageError, "--timeout: ");
  }
  for (const setting of ["", "=", "=5", "boot 5", "Boot=5", "toString=5", "boot=5=5", "boot= 5"]) {
    assertThrows(() => readTimeouts([setting]), UsageError, "--timeout: ");
  }
});
