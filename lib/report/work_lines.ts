/**
 * What would be built and copied, as lines for people.
 *
 * @module
 */
import type { PlanEvent } from "./plan_event.ts";

/** The lines: none of what is not known. */
export function workLines(work: NonNullable<PlanEvent["work"]>): string[] {
  const { builds, fetches, downloadBytes, unpackedBytes } = work;
  const { closure, imageBytes, extraFilesBytes } = work;
  const lines: string[] = [];
  if (builds !== undefined && fetches !== undefined) {
    const sizes = fetches > 0 && downloadBytes !== undefined && unpackedBytes !== undefined
      ? ` (${size(downloadBytes)} to download, ${size(unpackedBytes)} unpacked)`
      : "";
    const what = [
      ...(builds > 0 ? [count(builds, "derivation")] : []),
      ...(fetches > 0 ? [`${count(fetches, "path")} from caches${sizes}`] : []),
    ];
    lines.push(`to build: ${what.join(", ") || "nothing, all of it is here"}`);
  }
  const copied = [
    ...(imageBytes === undefined ? [] : [`kexec image ${size(imageBytes)}`]),
    ...(closure ? [`closure ${size(closure.bytes)} in ${count(closure.paths, "path")}`] : []),
    ...(extraFilesBytes === undefined ? [] : [`extra files ${size(extraFilesBytes)}`]),
  ];
  if (copied.length > 0) lines.push(`to copy, at most: ${copied.join(", ")}`);
  return lines;
}

function count(amount: number, thing: string): string {
  return `${amount} ${thing}${amount === 1 ? "" : "s"}`;
}

function size(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  return bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.ceil(bytes / 1e3)} kB`;
}
