/** A signal that is seen after the end of the child that it ended as well. */
import { assert, assertEquals } from "@std/assert";
import { Interrupts } from "../../lib/cli/interrupts.ts";
import { ConnectionError, InterruptedError, UsageError } from "../../lib/errors.ts";

const lost = new ConnectionError("the connection was lost", { hint: "" });

Deno.test("Interrupts.reason() on a terminal is the signal that comes after a child's end", async () => {
  using interrupts = new Interrupts(() => {});
  const reason = interrupts.reason(lost, { terminal: true, delay: 60_000 });
  Deno.kill(Deno.pid, "SIGHUP");
  const ended = await reason;
  assert(ended instanceof InterruptedError, String(ended));
  assertEquals(ended.message, "interrupted by SIGHUP");
  assertEquals(await interrupts.reason(lost, { terminal: false }), ended);
});

Deno.test("Interrupts.reason() is the error where no signal comes, at once where none can be meant", async () => {
  using interrupts = new Interrupts(() => {});
  assertEquals(await interrupts.reason(lost, { terminal: true, delay: 1 }), lost);
  assertEquals(await interrupts.reason(lost, { terminal: false, delay: 2 ** 31 - 1 }), lost);
  const mistake = new UsageError("no", { hint: "" });
  assertEquals(await interrupts.reason(mistake, { terminal: true, delay: 2 ** 31 - 1 }), mistake);
});
