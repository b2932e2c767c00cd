/**
 * The events that a command printed with `--json`.
 *
 * @module
 */
import type { ReportEvent } from "../../lib/report/events.ts";
import { SCHEMA } from "../readme/schema.ts";
import { violations } from "./json_schema.ts";

/** Reads lines of `--json`. Throws unless each is valid by the package's schema, and the last one is the end. */
export async function validEvents(stdout: string): Promise<ReportEvent[]> {
  const schema = JSON.parse(await Deno.readTextFile(SCHEMA));
  const events = stdout.trimEnd().split("\n").map((line): ReportEvent => JSON.parse(line));
  for (const [at, event] of events.entries()) {
    const wrong = violations(event, schema);
    const isEnd = event.type === "result" || event.type === "error";
    if (isEnd !== (at === events.length - 1)) wrong.push("only the last event is the end");
    if (wrong.length > 0) throw new Error(`${wrong.join("\n")}\n${JSON.stringify(event)}`);
  }
  return events;
}
