import { assert, assertEquals } from "@std/assert";
import { errorEvent, hostOf, updateEvent } from "../../lib/cli/final_event.ts";
import { outcomeOf } from "../../lib/cli/outcome.ts";
import { CommandError } from "../../lib/errors.ts";
import { PHASES } from "../../lib/plan/phases.ts";
import { storePath } from "../../lib/plan/store_path.ts";
import type { ErrorEvent } from "../../lib/report/error_event.ts";
import { STATES } from "../../lib/report/states.ts";
import { SCHEMA } from "../readme/schema.ts";
import { validEvents } from "../support/events.ts";
import { violations } from "../support/json_schema.ts";
import { Sandbox } from "./command.ts";

const schema = JSON.parse(await Deno.readTextFile(SCHEMA));

Deno.test("errorEvent() is valid in every state, and goes on where that is possible", () => {
  const error = new CommandError("it failed", {
    ...{ command: ["nix", "--option", "x"], exitCode: 3, signal: null, where: "here" },
    ...{ output: `${"line\n".repeat(30)}\x1b[2Jlast\n`, hint: "mend it" },
  });
  const words = ["-f", ".#web", "web"];
  const goOn: Record<string, readonly string[] | undefined> = {};
  for (const state of Object.keys(STATES) as (keyof typeof STATES)[]) {
    const outcome = outcomeOf(error, state, PHASES);
    const event = errorEvent({ host: "web", words, error, state, outcome });
    assertEquals(violations(JSON.parse(JSON.stringify(event)), schema), []);
    const { command, exitCode, stateText, name } = event as ErrorEvent;
    assertEquals([exitCode, name, stateText], [1, "CommandError", STATES[state]]);
    assertEquals([command?.exitCode, command?.output.length], [3, 20]);
    assertEquals(command?.output.at(-1), "\\x1b[2Jlast");
    goOn[state] = (event as ErrorEvent).goOn;
  }
  assertEquals(goOn["formatting"], words);
  assertEquals(goOn["formatted"], ["--phases", "install,reboot", ...words]);
  assertEquals(goOn["installed"], ["--phases", "reboot", ...words]);
  assertEquals([goOn["rebooting"], goOn["done"]], [undefined, undefined]);
});

Deno.test("updateEvent() is valid, whether a system ran before or not", () => {
  const system = storePath(`/nix/store/${"a".repeat(32)}-nixos-system-web`);
  const done = { host: "web", action: "switch", system, unitsFailed: false, times: {} } as const;
  for (const previous of [undefined, system]) {
    const event = updateEvent({ ...done, previous });
    assertEquals(violations(JSON.parse(JSON.stringify(event)), schema), []);
  }
});

Deno.test("hostOf() names a target as events do", () => {
  assertEquals([hostOf("root@web"), hostOf("-x y"), hostOf(undefined)], [
    "root@web",
    "here",
    "here",
  ]);
});

Deno.test("with --json an interrupted command ends with the error as well", async () => {
  await using sandbox = await Sandbox.make();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let call: Deno.Conn | undefined;
  listener.accept().then((connection) => call = connection).catch(() => {});
  const words = ["--json", "--phases", "kexec", "-p", `${listener.addr.port}`, "root@127.0.0.1"];
  const running = sandbox.start(words);
  await running.until(() => call !== undefined);
  const { code, stdout } = await running.interrupt("SIGTERM");
  call?.close();
  const events = await validEvents(stdout);
  assert(events[0]?.type === "plan" && !events[0].checked);
  const { code: kind, exitCode, message, goOn } = events.at(-1) as ErrorEvent;
  assertEquals([kind, exitCode, code], ["interrupted", 130, 130]);
  assertEquals([message, goOn], ["interrupted by SIGTERM", words]);
});
