/**
 * Lines of the commands beside the install.
 *
 * @module
 */

/** Prints a line of the result, on the standard output. */
export async function print(line: string): Promise<void> {
  await write(Deno.stdout, line);
}

/** Says a line to people, on the error output. */
export async function say(line: string): Promise<void> {
  await write(Deno.stderr, line);
}

async function write(to: { writable: WritableStream<Uint8Array> }, line: string): Promise<void> {
  const writer = to.writable.getWriter();
  await writer.write(new TextEncoder().encode(`${line}\n`));
  writer.releaseLock();
}
