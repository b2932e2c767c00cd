/** Running a program of the build machine and failing with what it said. */

export interface RunOptions {
  cwd?: string;
  env?: Record<string, string>;
  signal?: AbortSignal | undefined;
  /** After how many seconds it is ended. @default {1200} */
  seconds?: number;
}

/** Runs a program to its end and returns its standard output; throws with the tail of its standard error. */
export async function run(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { signal, seconds = 1200, ...rest } = options;
  // An already aborted signal is ignored by Deno.Command.
  signal?.throwIfAborted();
  const { success, code, stdout, stderr } = await new Deno.Command("timeout", {
    ...rest,
    ...(signal ? { signal } : {}),
    args: ["--kill-after=10", `${seconds}`, program, ...args],
    stdin: "null",
  }).output();
  signal?.throwIfAborted();
  if (!success) {
    const said = new TextDecoder().decode(stderr).trim().slice(-1500);
    const how = code === 124 ? `did not end within ${seconds} s` : `ended with code ${code}`;
    throw new Error(`${program} ${args.join(" ").slice(0, 200)} ${how}: ${said}`);
  }
  return new TextDecoder().decode(stdout);
}

/** Runs a POSIX shell text with positional parameters: for pipelines. */
export function shell(
  text: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  return run("sh", ["-euc", text, "sh", ...args], options);
}
