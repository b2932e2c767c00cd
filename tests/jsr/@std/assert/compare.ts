import { equal } from "./equal.ts";
import { difference, failWith, show } from "./failure.ts";

/** Fails unless two values have the same structure. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!equal(actual, expected)) {
    failWith(`Values are not equal${msg ? `: ${msg}` : ""}\n${difference(actual, expected)}`);
  }
}

/** Fails when two values have the same structure. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) failWith(`Both values are ${show(actual)}`, msg);
}

/** Fails unless two values are the very same. */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  if (Object.is(actual, expected)) return;
  const what = equal(actual, expected)
    ? `Values look the same but are not: ${show(actual)}`
    : `Values are not the same\n${difference(actual, expected)}`;
  failWith(what, msg);
}

/** Fails when two values are the very same. */
export function assertNotStrictEquals<T>(actual: T, expected: T, msg?: string): void {
  if (Object.is(actual, expected)) failWith(`Both values are the same ${show(actual)}`, msg);
}

/** Fails unless everything in `expected` is in `actual` as well, at any depth. */
export function assertObjectMatch(
  // deno-lint-ignore no-explicit-any -- the real signature: any object may be looked into
  actual: Record<PropertyKey, any>,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
): void {
  if (contains(actual, expected)) return;
  failWith(`Object does not match${msg ? `: ${msg}` : ""}\n${difference(actual, expected)}`);
}

/** Fails unless every member of `expected` equals one of `actual`. */
export function assertArrayIncludes<T>(
  actual: ArrayLike<T> & object,
  expected: ArrayLike<T> & object,
  msg?: string,
): void {
  const has = Array.from(actual);
  const missing = Array.from(expected).filter((item) => !has.some((other) => equal(item, other)));
  if (missing.length) failWith(`${show(missing)} not found in ${show(has)}`, msg);
}

function contains(actual: unknown, expected: unknown): boolean {
  const whole = [actual, expected].some((it) => it instanceof Date || it instanceof RegExp);
  if (whole || !isObject(actual) || !isObject(expected)) return equal(actual, expected);
  if (Array.isArray(expected) && !Array.isArray(actual)) return false;
  if (expected instanceof Set) {
    return actual instanceof Set && [...expected].every((member) => actual.has(member));
  }
  if (expected instanceof Map) {
    return actual instanceof Map &&
      [...expected].every(([key, value]) => actual.has(key) && contains(actual.get(key), value));
  }
  return Reflect.ownKeys(expected).every((key) => {
    // A longer array matches by its first members.
    if (Array.isArray(actual) && key === "length") return actual.length >= Number(expected[key]);
    return Object.hasOwn(actual, key) && contains(actual[key], expected[key]);
  });
}

function isObject(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === "object" && value !== null;
}
