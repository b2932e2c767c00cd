/**
 * What an option means that a command line gives more than once, where the last one does not just win.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import type { Given } from "./option.ts";
import { parsePhases, PHASES } from "./phases.ts";

/** All items, in their order. */
export function append<T>(given: readonly Given<readonly T[]>[]): readonly T[] {
  return given.flatMap(({ value }) => value);
}

/** Later ones in place of earlier ones of the same name. */
export function merge<T extends object>(given: readonly Given<T>[]): T {
  return Object.assign({}, ...given.map(({ value }) => value));
}

/** One target; naming it twice is a value that lost its flag. */
export function oneTarget(given: readonly Given<string>[]): string {
  const [first, second] = given.map(({ value }) => JSON.stringify(value));
  if (second !== undefined) {
    throw new UsageError(`two targets are named: ${first} and ${second}`, {
      hint: "name one target; put quotes around values with spaces",
    });
  }
  return given[0]?.value ?? "";
}

/** The value that all give. */
export function theSame<T extends string>(given: readonly Given<T>[]): T {
  const [first, ...others] = given as readonly [Given<T>, ...Given<T>[]];
  const other = others.find(({ value }) => value !== first.value);
  if (!other) return first.value;
  const flags = other.flag === first.flag ? first.flag : `${first.flag} and ${other.flag}`;
  const values = [first.value, other.value].map((value) => JSON.stringify(value)).join(" and ");
  throw new UsageError(`${flags} contradict each other: ${values}`, {
    hint: `give ${first.flag} once`,
  });
}

/** The phases that all leave; `--phases` names all of them, so it must be the same each time. */
export function leftPhases(all: readonly Given<readonly string[]>[]): readonly string[] {
  const given = all.map(({ flag, value }) => ({ flag, phases: parsePhases(value) }));
  const named = given.filter(({ flag }) => flag === "--phases");
  for (const { flag, phases } of given) {
    if (named.every((other) => String(other.phases) === String(phases))) continue;
    throw new UsageError(
      flag === "--phases"
        ? "--phases is given twice, with other phases"
        : `--phases and ${flag} contradict each other`,
      { hint: "give --phases once, with all the phases to run" },
    );
  }
  return PHASES.filter((phase) => given.every(({ phases }) => phases.includes(phase)));
}
