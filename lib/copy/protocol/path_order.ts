/**
 * Which paths to send, and in which order: a store adds a path only when it has what that refers to. Pure.
 *
 * @module
 */
import type { PathInfo } from "./serve_requests.ts";

/** The paths of `infos` that are in `missing`, each behind those that it refers to. */
export function referencesFirst(
  infos: readonly PathInfo[],
  missing: ReadonlySet<string>,
): readonly PathInfo[] {
  const byPath = new Map(infos.map((info) => [info.path, info]));
  const seen = new Set<string>();
  const order: PathInfo[] = [];
  // Not by recursion: a chain of references may be longer than the stack is deep.
  for (const { path: root } of infos) {
    const open = [root];
    for (let path = open.at(-1); path !== undefined; path = open.at(-1)) {
      const info = byPath.get(path);
      const first = !seen.has(path);
      seen.add(path);
      const next = first && info ? info.references.filter((other) => !seen.has(other)) : [];
      if (next.length > 0) {
        open.push(...next);
        continue;
      }
      open.pop();
      if (info && missing.has(path) && byPath.delete(path)) order.push(info);
    }
  }
  return order;
}

/** The bytes of all archives. */
export function totalSize(infos: readonly PathInfo[]): number {
  return infos.reduce((sum, { narSize }) => sum + narSize, 0);
}
