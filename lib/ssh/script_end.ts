/**
 * The end of a script that may leave something running.
 *
 * @module
 */
import { Scope } from "../async.ts";

/** How long a connection may stay open behind the last word of a script, in milliseconds. */
const PATIENCE = 3000;

/**
 * Does `work`, which calls `ended` when it has heard that the script was done, and is ended by the signal. sshd keeps a
 * command's connection open as long as anything holds its outputs, such as a program that a script has left running: that
 * is not waited for.
 */
export async function untilEnded(
  work: (ended: () => void, signal: AbortSignal) => Promise<unknown>,
  signal: AbortSignal | undefined,
): Promise<void> {
  using scope = new Scope(signal);
  const over = new Error("the script has ended");
  try {
    await work(() => scope.limit(PATIENCE, () => over), scope.signal);
  } catch (error) {
    if (scope.signal.reason !== over) throw error;
  }
}
