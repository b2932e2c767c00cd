/**
 * What would be built and copied, as lines for people.
 *
 * @module
 */
import { showBytes } from "./amounts.ts";
import type { PlanEvent } from "./plan_event.ts";

/** The lines: none of what is not known. */
export function workLines(work: NonNullable<PlanEvent["work"]>): string[] {
  const { builds, fetches, downloadBytes, unpackedBytes } = work;
  const { closure, imageBytes, extraFilesBytes } = work;
  const lines: string[] = [];
  if (builds !== undefined && fetches !== undefined) {
    const sizes = fetches > 0 && downloadBytes !== undefined && unpackedBytes !== undefined
      ? ` (${showBytes(downloadBytes)} to download, ${showBytes(unpackedBytes)} unpacked)`
      : "";
    const what = [
      ...(builds > 0 ? [count(builds, "derivation")] : []),
      ...(fetches > 0 ? [`${count(fetches, "path")} from caches${sizes}`] : []),
    ];
    lines.push(`to build: ${what.join(", ") || "nothing, all of it is here"}`);
  }
  const copied = [
    ...(imageBytes === undefined ? [] : [`kexec image ${showBytes(imageBytes)}`]),
    ...(closure ? [`closure ${showBytes(closure.bytes)} in ${count(closure.paths, "path")}`] : []),
    ...(extraFilesBytes === undefined ? [] : [`extra files ${showBytes(extraFilesBytes)}`]),
  ];
  if (copied.length > 0) lines.push(`to copy, at most: ${copied.join(", ")}`);
  return lines;
}

function count(amount: number, thing: string): string {
  return `${amount} ${thing}${amount === 1 ? "" : "s"}`;
}
