/**
 * The end of a command that failed, as an event.
 *
 * @module
 */
import type { State, UpdateState } from "./states.ts";

/** How a command ended that failed, what that has left, and how to go on. */
export interface ErrorEvent {
  /** What tells it from other events. */
  readonly type: "error";
  /** The version of all events, as in the plan's. */
  readonly version: 1;
  /** The kind of the failure; the exit code follows from it and from the state. */
  readonly code:
    | "usage"
    | "preflight"
    | "identity"
    | "interrupted"
    | "failed"
    | "scarce"
    | "permission"
    | "bug";
  /** The name of the error's class, which is finer: `ConnectionError`. */
  readonly name: string;
  /** What the command exits with. */
  readonly exitCode: number;
  /** What went wrong. */
  readonly message: string;
  /** What to do next, a sentence each. */
  readonly hints: readonly string[];
  /** The state of the target. */
  readonly state: State | UpdateState;
  /** The same as a clause. */
  readonly stateText: string;
  /**
   * The words behind the command's name that go on from here, when what the hints say is done. What may be a secret is
   * `…` in them. Absent where nothing is left to run, and where the command line itself is wrong.
   */
  readonly goOn?: readonly string[];
  /** The command that failed, where it was one. */
  readonly command?: {
    /** The machine that it ran on, as the user named it; `here` for this one. */
    readonly where: string;
    /** Its words. */
    readonly words: readonly string[];
    /** Its exit code; for a death by signal 128 + its number. */
    readonly exitCode: number;
    /** The signal that ended it, else `null`. */
    readonly signal: string | null;
    /** The last lines of its output, at most 20. */
    readonly output: readonly string[];
  };
}
