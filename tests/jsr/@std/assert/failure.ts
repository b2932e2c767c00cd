import { AssertionError as NodeAssertionError } from "node:assert";
import { inspect } from "node:util";

/** What a failed assertion throws. */
export class AssertionError extends Error {
  override name = "AssertionError";
}

/** Throws; the caller's own words, when there are any, stand behind what was found. */
export function failWith(found: string, msg?: string): never {
  throw new AssertionError(msg ? `${found}: ${msg}` : found);
}

/** A value as one may read it in a report, whole and with its keys in order. */
export function show(value: unknown): string {
  return inspect(value, { depth: Infinity, sorted: true, maxArrayLength: 100, compact: false });
}

/** The differences of two values, line by line. */
export function difference(actual: unknown, expected: unknown): string {
  const { message } = new NodeAssertionError({ actual, expected, operator: "deepStrictEqual" });
  return message.replace(/^.*\n/, "");
}
