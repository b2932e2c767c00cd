/**
 * How often a login is tried while a machine is awaited. Pure.
 *
 * A try that reaches an ssh server costs it a process, one of its `MaxStartups`, and from OpenSSH 9.8 on a
 * second of penalty when it ends without a login (5 s when it was refused; from 15 s on the source is shut
 * out). So each kind of try that led to nothing has a pause that grows with every one of its kind.
 *
 * @module
 */

/** What the last try led to, or what the youngest that still runs waits for. */
export type TryKind =
  /** Nothing answers the connection: the target does not notice the try. */
  | "unanswered"
  /** The target refuses the connection: no ssh server sees the try. */
  | "refused"
  /** Something accepted the connection, and no ssh server has greeted yet. */
  | "silent"
  /** The connection was accepted and ended before a greeting. */
  | "turned away"
  /** As before, through a machine that each try logs in to, or a program. */
  | "turned away on the way"
  /** The server said that it has too many connections, or too many of ours. */
  | "throttled"
  /** The network knows no way to the target. */
  | "unreachable"
  /** The login was refused. */
  | "denied"
  /** The server greeted, and the connection ended before the login. */
  | "broken";

/** First pause, factor from one to the next, longest pause; in milliseconds. */
const PACES: Readonly<Record<TryKind, readonly [number, number, number]>> = {
  unanswered: [1000, 1.1, 10_000],
  refused: [300, 1.1, 6000],
  silent: [1500, 1.25, 30_000],
  "turned away": [500, 1.15, 15_000],
  "turned away on the way": [1500, 1.2, 20_000],
  throttled: [5000, 1.5, 60_000],
  unreachable: [1000, 1.1, 10_000],
  denied: [1000, 2, 10_000],
  broken: [1000, 1.5, 15_000],
};

/** The pauses of one wait. */
export class Pace {
  readonly #counts = new Map<TryKind, number>();

  /** `usual` is how long the machine has taken for a greeting before, in milliseconds. */
  constructor(readonly usual: number) {}

  /** Milliseconds from now, or from when the try of this kind came so far, to the next try. */
  pause(kind: TryKind): number {
    const [first, factor, longest] = PACES[kind];
    const from = kind === "silent" ? Math.max(first, Math.min(this.usual / 2, 2500)) : first;
    return Math.min(from * factor ** (this.#counts.get(kind) ?? 0), longest);
  }

  /** Counts a try that was made after a pause of this kind. */
  count(kind: TryKind): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
  }
}
