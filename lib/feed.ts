/**
 * Writing the input of a child.
 *
 * @module
 */

/**
 * Writes `stdin` to a child; resolves when all of it was written or the child has ended, rejects when the source fails,
 * which ends the child.
 */
export async function feed(
  child: Deno.ChildProcess,
  stdin: string | ReadableStream<Uint8Array>,
): Promise<void> {
  const stream = typeof stdin === "string" ? new Blob([stdin]).stream() : stdin;
  const ended = new AbortController();
  const piped = stream.pipeTo(child.stdin, { signal: ended.signal });
  piped.catch(() => {});
  try {
    // A source that has nothing more to say must not outlive the child that it feeds.
    await Promise.race([piped, child.status]);
  } catch (error) {
    // A child that ends before it has read everything says why with its exit code.
    if (error instanceof Deno.errors.BrokenPipe) return;
    // Half an input must not look like a whole one: the child goes with its source.
    try {
      child.kill("SIGKILL");
    } catch {
      // It ended in between.
    }
    throw error;
  } finally {
    ended.abort();
  }
}
