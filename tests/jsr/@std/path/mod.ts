/** Paths of this machine's kind, over `node:path`. @module */

import * as path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** The last part of a path, without a suffix that is named. */
export function basename(of: string | URL, suffix = ""): string {
  // The root has no other name; for `node:path` it has none.
  return /^\/+$/.test(text(of)) ? "/" : path.basename(text(of), suffix);
}

/** Everything before the last part. */
export function dirname(of: string | URL): string {
  return path.dirname(text(of));
}

/** The last part's ending, with its dot. */
export function extname(of: string | URL): string {
  return path.extname(text(of));
}

/** The path a `file:` URL names. */
export function fromFileUrl(url: string | URL): string {
  const parsed = new URL(url);
  if (parsed.protocol !== "file:") {
    throw new TypeError(`Not a file URL: its protocol is "${parsed.protocol}"`);
  }
  return fileURLToPath(parsed);
}

/** The `file:` URL of an absolute path. */
export function toFileUrl(absolute: string): URL {
  if (!path.isAbsolute(absolute)) throw new TypeError(`Not an absolute path: "${absolute}"`);
  return pathToFileURL(absolute);
}

/** Whether a path starts at the root. */
export function isAbsolute(candidate: string): boolean {
  return path.isAbsolute(candidate);
}

/** One path out of several. */
export function join(first: string | URL, ...rest: string[]): string {
  return path.join(text(first), ...rest);
}

/** A path without `.`, `..` and doubled separators. */
export function normalize(of: string | URL): string {
  return path.normalize(text(of));
}

/** The way from one path to another. */
export function relative(from: string, to: string): string {
  return path.relative(from, to);
}

/** An absolute path, read from the working directory when nothing else is absolute. */
export function resolve(...segments: string[]): string {
  return path.resolve(...segments);
}

function text(pathOrUrl: string | URL): string {
  return pathOrUrl instanceof URL ? fromFileUrl(pathOrUrl) : pathOrUrl;
}
