import { assert, assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../lib/errors.ts";
import { parseTimeout, readTimeouts, TIMEOUTS, WAITS } from "../../lib/plan/timeouts.ts";

Deno.test("TIMEOUTS gives each wait an end that a timer can count to", () => {
  assertEquals(readTimeouts({}), TIMEOUTS);
  for (const wait of WAITS) assert(TIMEOUTS[wait] >= 60_000 && TIMEOUTS[wait] < 2 ** 31, wait);
});

Deno.test("readTimeouts() reads milliseconds, and takes undefined for absent", () => {
  const given = { boot: 5000, copy: 0.25, kexec: undefined };
  assertEquals(readTimeouts(given), { ...TIMEOUTS, boot: 5000, copy: 0.25 });
});

Deno.test("readTimeouts() refuses numbers that are no time to wait", () => {
  for (const boot of [0, -1, NaN, Infinity, 2_000_000_001, "5" as never, null as never]) {
    assertThrows(() => readTimeouts({ boot }), UsageError, "timeouts: ");
  }
  for (const given of [{ Boot: 5 }, { toString: 5 }, ["boot=5"]]) {
    assertThrows(() => readTimeouts(given as never), UsageError, "timeouts: ");
  }
});

Deno.test("parseTimeout() reads seconds, and refuses the rest", () => {
  assertEquals(parseTimeout("boot=600"), { boot: 600_000 });
  assertEquals(parseTimeout("copy=0.25"), { copy: 250 });
  assertEquals(parseTimeout("copy=2000000"), { copy: 2_000_000_000 });
  for (const text of ["", "=", "=5", "boot 5", "Boot=5", "toString=5", "boot=5=5", "boot= 5"]) {
    assertThrows(() => parseTimeout(text), UsageError, "--timeout: ");
  }
});
