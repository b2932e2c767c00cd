import type { CommandLine } from "../../../lib/cli/argv.ts";
import type { Plan } from "../../../lib/plan/plan.ts";

/** Any part of a type, however deep. */
export type Part<T> = T extends string | number | boolean | undefined ? T
  : T extends readonly unknown[] ? T
  : { readonly [K in keyof T]?: Part<T[K]> };

/** One command line and what must come of it. */
export interface Row {
  readonly words: readonly string[];
  /** What the plan must hold. */
  readonly plan?: Part<Plan>;
  /** What the command line must hold besides. */
  readonly line?: Part<CommandLine>;
  /** What the error's message must look like; the plan must not be made. */
  readonly error?: RegExp;
  /** What the error's hint must look like. */
  readonly hint?: RegExp;
}

/** The words of a command line in which no word has a space; an array is left as it is. */
export function split(line: string | readonly string[]): readonly string[] {
  if (typeof line !== "string") return line;
  return line === "" ? [] : line.split(" ");
}

export const HOST = "root@203.0.113.7";

/** Words in the company of a flake and a target: before, behind and between. */
export function everywhere(line: string | readonly string[], wanted: Omit<Row, "words">): Row[] {
  const words = split(line);
  return [
    [...words, "-f", ".#web", HOST],
    ["--flake=.#web", "--target-host", HOST, ...words],
    ["--flake", ".#web", ...words, HOST],
  ].map((words) => ({ words, ...wanted }));
}
