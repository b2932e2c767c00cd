import { assertEquals, assertLess, assertRejects } from "@std/assert";
import { abortable, delay, Scope, within } from "../lib/async.ts";

Deno.test("delay() waits as long as it is told", async () => {
  const began = performance.now();
  await delay(30);
  assertLess(28, performance.now() - began);
});

Deno.test("delay() ends at once with the signal's reason", async () => {
  const controller = new AbortController();
  const reason = new Error("stop");
  const began = performance.now();
  setTimeout(() => controller.abort(reason), 10);
  assertEquals(await assertRejects(() => delay(60_000, controller.signal)), reason);
  assertEquals(await assertRejects(() => delay(60_000, controller.signal)), reason);
  assertLess(performance.now() - began, 5000);
});

Deno.test("Scope follows its parent, before and after it is made", () => {
  const parent = new AbortController();
  using early = new Scope(parent.signal);
  assertEquals(early.signal.aborted, false);
  const reason = new Error("stop");
  parent.abort(reason);
  using late = new Scope(parent.signal);
  assertEquals([early.signal.reason, late.signal.reason], [reason, reason]);
});

Deno.test("Scope.abort() leaves the parent alone", () => {
  const parent = new AbortController();
  using scope = new Scope(parent.signal);
  scope.abort(new Error("mine"));
  assertEquals([scope.signal.aborted, parent.signal.aborted], [true, false]);
});

Deno.test("Scope.limit() aborts with what it makes then, and the last limit counts", async () => {
  using scope = new Scope();
  let text = "early";
  scope.limit(1, () => new Error("the first")).limit(20, () => new Error(text));
  text = "late";
  await new Promise((resolve) => scope.signal.addEventListener("abort", resolve));
  assertEquals(scope.signal.reason.message, "late");
});

Deno.test("Scope disposal stops the clock and unties it from the parent", async () => {
  const parent = new AbortController();
  let signal;
  {
    using scope = new Scope(parent.signal).limit(5, () => new Error("late"));
    signal = scope.signal;
  }
  await delay(20);
  parent.abort();
  assertEquals(signal.aborted, false);
});

Deno.test("within() gives what comes in time, and nothing for what does not", async () => {
  assertEquals(await within(Promise.resolve(1), 60_000), 1);
  const never = new Promise<number>(() => {});
  assertEquals(await within(never, 10), undefined);
  await assertRejects(() => within(Promise.reject(new Error("no")), 60_000), Error, "no");
});

Deno.test("abortable() ends with the signal's reason, before and while it waits", async () => {
  const controller = new AbortController();
  const { signal } = controller;
  assertEquals(await abortable(Promise.resolve(1), signal), 1);
  const reason = new Error("stop");
  setTimeout(() => controller.abort(reason), 5);
  assertEquals(await assertRejects(() => abortable(new Promise(() => {}), signal)), reason);
  assertEquals(await assertRejects(() => abortable(Promise.resolve(1), signal)), reason);
});
