/**
 * The four phases of an install. Any subset may be asked for; they always run in this order.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { didYouMean } from "../near.ts";

/** One of the four phases. */
export type Phase = "kexec" | "disko" | "install" | "reboot";

/** All phases, in the order they run. */
export const PHASES: readonly Phase[] = ["kexec", "disko", "install", "reboot"];

/**
 * Reads a list of phases, in any order and with repeats, and returns them in the order they run.
 * Throws a {@linkcode UsageError} on an unknown name, an empty one or an empty list.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parsePhases } from "@nixos-anywhere/deno";
 * assertEquals(parsePhases("install,disko"), ["disko", "install"]);
 * ```
 */
export function parsePhases(list: string | readonly string[]): readonly Phase[] {
  const names = typeof list === "string" ? list.split(",") : list;
  const wanted = names.map((name) => name.trim());
  // The bash tool takes a comma at the end, too.
  if (wanted.length > 1 && wanted.at(-1) === "") wanted.pop();
  const unknown = wanted.find((name) => !(PHASES as readonly string[]).includes(name));
  const none = wanted.every((name) => name === "");
  if (unknown !== undefined || none) {
    throw new UsageError(
      none ? "--phases names no phase" : `--phases: no phase is named ${JSON.stringify(unknown)}`,
      {
        hint: didYouMean(
          unknown ?? "",
          PHASES,
          `use any of ${PHASES.join(",")}, with commas between them`,
        ),
      },
    );
  }
  return PHASES.filter((phase) => wanted.includes(phase));
}

/** A part of what is installed: the disko script, or the system. */
export type Part = "disko" | "system";

/** The parts that phases use: nothing else is evaluated, built or demanded. */
export function neededParts({ phases }: { readonly phases: readonly Phase[] }): readonly Part[] {
  return [
    ...(phases.includes("disko") ? ["disko" as const] : []),
    ...(phases.includes("install") ? ["system" as const] : []),
  ];
}
