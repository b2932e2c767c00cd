import { failWith, show } from "./failure.ts";
import { AssertionError } from "./failure.ts";

/** What {@linkcode assertFalse} lets through. */
export type Falsy = false | 0 | 0n | "" | null | undefined;

/** Fails unless a value counts as true. */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/** Fails when a value counts as true. */
export function assertFalse(expr: unknown, msg = ""): asserts expr is Falsy {
  if (expr) throw new AssertionError(msg);
}

/** Fails on null and undefined. */
export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T> {
  if (actual === undefined || actual === null) failWith(`There is no value but ${actual}`, msg);
}

/** Fails unless a text has another in it. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  if (!actual.includes(expected)) failWith(`"${expected}" not found in "${actual}"`, msg);
}

/** Fails unless a text matches. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  if (!expected.test(actual)) failWith(`"${actual}" does not match ${expected}`, msg);
}

/** Fails when a text matches. */
export function assertNotMatch(actual: string, expected: RegExp, msg?: string): void {
  if (expected.test(actual)) failWith(`"${actual}" matches ${expected}`, msg);
}

/** Fails unless a value was made by a class. */
// deno-lint-ignore no-explicit-any -- any constructor will do
export function assertInstanceOf<T extends abstract new (...args: any[]) => any>(
  actual: unknown,
  expectedType: T,
  msg = "",
): asserts actual is InstanceType<T> {
  if (actual instanceof expectedType) return;
  failWith(`Not an instance of ${expectedType.name}: ${show(actual)}`, msg);
}

/** Fails unless the first value is above the second. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual > expected)) failWith(`${show(actual)} is not above ${show(expected)}`, msg);
}

/** Fails when the first value is below the second. */
export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual >= expected)) failWith(`${show(actual)} is below ${show(expected)}`, msg);
}

/** Fails unless the first value is below the second. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual < expected)) failWith(`${show(actual)} is not below ${show(expected)}`, msg);
}

/** Fails when the first value is above the second. */
export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual <= expected)) failWith(`${show(actual)} is above ${show(expected)}`, msg);
}

/** Fails. */
export function fail(msg?: string): never {
  failWith("Failed", msg);
}

/** Fails: this line was never to run. */
export function unreachable(msg?: string): never {
  failWith("Reached what cannot be reached", msg);
}
