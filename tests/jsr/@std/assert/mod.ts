/** Assertions for tests. @module */

export { AssertionError } from "./failure.ts";
export { equal } from "./equal.ts";
export * from "./compare.ts";
export * from "./throws.ts";
export * from "./values.ts";
