/**
 * Something to be done on a target that can go along with something else.
 *
 * @module
 */
import type { Session } from "./session.ts";

/** Shell code that shares a round trip with other code. */
export interface RemoteSnippet {
  /** What it is called in messages. */
  readonly name: string;
  /** POSIX shell code, for `set -eu`. */
  readonly text: string;
  /** Its `$1`, `$2`, … */
  readonly args: readonly string[];
  /** Reads its answer. */
  readonly onOutput: (answer: string, session: Session) => void;
}
