import { stripVTControlCharacters } from "node:util";
import { failWith, show } from "./failure.ts";

// deno-lint-ignore no-explicit-any -- any constructor of errors will do
type ErrorClass<E extends Error> = abstract new (...args: any[]) => E;

/** Fails unless a function throws; returns what it threw. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/** Fails unless a function throws an error of a class, with a text in its message. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows(
  fn: () => unknown,
  classOrMsg?: ErrorClass<Error> | string,
  msgIncludes?: string,
  msg?: string,
): unknown {
  const wanted = expectation(classOrMsg, msgIncludes, msg);
  try {
    fn();
  } catch (error) {
    return wanted.check(error);
  }
  failWith("The function did not throw", wanted.msg);
}

/** Fails unless a promise is rejected; gives what it was rejected with. */
export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
/** Fails unless a promise is rejected with an error of a class, with a text in its message. */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects(
  fn: () => PromiseLike<unknown>,
  classOrMsg?: ErrorClass<Error> | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  const wanted = expectation(classOrMsg, msgIncludes, msg);
  let promise: PromiseLike<unknown>;
  try {
    promise = fn();
  } catch (error) {
    failWith(`The function threw instead of rejecting: ${show(error)}`, wanted.msg);
  }
  if (typeof promise?.then !== "function") failWith("The function gave no promise", wanted.msg);
  try {
    await promise;
  } catch (error) {
    return wanted.check(error);
  }
  failWith("The promise was not rejected", wanted.msg);
}

interface Expectation {
  readonly msg: string | undefined;
  check(error: unknown): unknown;
}

function expectation(
  classOrMsg: ErrorClass<Error> | string | undefined,
  includes: string | undefined,
  ownMsg: string | undefined,
): Expectation {
  if (typeof classOrMsg !== "function") {
    return { msg: classOrMsg ?? ownMsg, check: (error) => error };
  }
  return {
    msg: ownMsg,
    check(error) {
      if (!(error instanceof classOrMsg)) {
        failWith(`Not a ${classOrMsg.name} but ${show(error)}`, ownMsg);
      }
      // Colours in a message are not part of what it says.
      const [said, wanted] = [error.message, includes ?? ""].map(stripVTControlCharacters);
      if (!said?.includes(wanted ?? "")) {
        failWith(`"${wanted}" not found in the message "${said}"`, ownMsg);
      }
      return error;
    },
  };
}
