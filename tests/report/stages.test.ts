import { assertEquals, assertRejects } from "@std/assert";
import { CommandError, ConnectionError, InterruptedError } from "../../lib/errors.ts";
import { type ReportEvent, stamping } from "../../lib/report/events.ts";
import { Stages } from "../../lib/report/stages.ts";

/** Runs a stage that fails so; returns what is told of its end. */
async function fail(error: Error, ended?: AbortSignal): Promise<string> {
  const states: string[] = [];
  const report = stamping((event: ReportEvent) => {
    if (event.type === "stage") states.push(event.state);
  });
  await assertRejects(() => Stages.of(report).run("install", () => Promise.reject(error), ended));
  return states.join();
}

const lost = new ConnectionError("the connection is lost", { hint: "" });
const killed = new CommandError("nix was ended by SIGINT", {
  ...{ command: ["nix"], exitCode: 130, signal: "SIGINT", output: "", where: "here", hint: "" },
});

Deno.test("a stage whose programs end of the same Ctrl-C before that is heard was stopped", async () => {
  for (const error of [lost, killed]) {
    const controller = new AbortController();
    const failing = fail(error, controller.signal);
    // The signal comes in a later turn than the end of the program.
    setTimeout(() => controller.abort(new InterruptedError("interrupted", { hint: "" })));
    assertEquals(await failing, "start,stopped");
  }
});

Deno.test("a stage that fails by itself has failed", async () => {
  const { signal } = new AbortController();
  for (const error of [lost, killed, new TypeError("a bug")]) {
    assertEquals([await fail(error, signal), await fail(error)], ["start,failed", "start,failed"]);
  }
});
