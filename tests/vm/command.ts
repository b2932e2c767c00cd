/** The command as users run it: a process of its own, whose output can be waited for and which can be interrupted. */
import { TextLineStream } from "./lines.ts";
import type { Fixture } from "./fixture.ts";

const CLI = new URL("../../cli.ts", import.meta.url).pathname;

/** Milliseconds after which a command is killed. */
const LIMIT = 15 * 60_000;

/** How a command ended. */
export interface Ended {
  readonly code: number;
  /** Everything it printed, on both outputs. */
  readonly output: string;
  /** What it printed on its standard output. */
  readonly stdout: string;
  /** Seconds between two lines of a run, at most: by the times that stand before them. */
  readonly longestSilence: number;
}

/** Starts the command; disposal kills it, should it still run. */
export function startCommand(
  fixture: Fixture,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): RunningCommand {
  return new RunningCommand([Deno.execPath(), "run", "-A", CLI, ...words], {
    ...fixture.variables,
    ...env,
  });
}

/** Starts bash, for what only a shell can give the command: its words are that shell's `"$@"`. */
export function startInBash(
  fixture: Fixture,
  text: string,
  words: readonly string[],
): RunningCommand {
  const command = ["bash", "-euc", text, "bash", Deno.execPath(), "run", "-A", CLI, ...words];
  return new RunningCommand(command, fixture.variables);
}

/** Runs the command to its end; throws with its output unless it ends with this exit code. */
export async function runCommand(
  fixture: Fixture,
  words: readonly string[],
  { code = 0, env = {} }: { code?: number; env?: Readonly<Record<string, string>> } = {},
): Promise<Ended> {
  await using running = startCommand(fixture, words, env);
  return await running.expect(code);
}

/** A command that runs. */
export class RunningCommand implements AsyncDisposable {
  readonly ended: Promise<Ended>;
  readonly #child: Deno.ChildProcess;
  readonly #limit: ReturnType<typeof setTimeout>;
  #output = "";
  #waiting = new Set<() => void>();
  #over = false;

  constructor([program = "", ...args]: readonly string[], env: Record<string, string>) {
    this.#child = new Deno.Command(program, {
      args,
      env,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    // Whoever waits for it waits for no longer than this, on a busy machine too.
    this.#limit = setTimeout(() => this.#child.kill("SIGKILL"), LIMIT);
    this.ended = this.#watch();
  }

  /** Everything it has printed so far. */
  get output(): string {
    return this.#output;
  }

  /** Waits until it has printed something; throws when it ends without. */
  async said(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.#output)) {
      if (this.#over) throw new Error(`it never said ${pattern}:\n${this.#output}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Sends the signal of Ctrl-C, to the command alone. */
  interrupt(): void {
    this.#child.kill("SIGINT");
  }

  /** Waits for its end; throws with its output unless it ends with this exit code. */
  async expect(code: number): Promise<Ended> {
    const ended = await this.ended;
    if (ended.code === code) return ended;
    throw new Error(`ended with code ${ended.code} instead of ${code}:\n${ended.output}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#over) this.#child.kill("SIGKILL");
    await this.ended;
  }

  async #watch(): Promise<Ended> {
    let stdout = "";
    let [last, longestSilence] = [0, 0];
    const read = async (stream: ReadableStream<Uint8Array>, own: (line: string) => void) => {
      const lines = stream.pipeThrough(
        new TextDecoderStream() as TransformStream<
          Uint8Array,
          string
        >,
      ).pipeThrough(new TextLineStream());
      for await (const line of lines) {
        const [stamp = "", clock] = /^\[((?:\d+:)+\d\d)\] /.exec(line) ?? [];
        if (clock !== undefined) {
          const now = clock.split(":").reduce((sum, part) => 60 * sum + Number(part), 0);
          longestSilence = Math.max(longestSilence, now - last);
          last = now;
        }
        this.#output += `${line.slice(stamp.length)}\n`;
        own(line);
        this.#wake();
      }
    };
    await Promise.all([
      read(this.#child.stdout, (line) => stdout += `${line}\n`),
      read(this.#child.stderr, () => {}),
    ]);
    const { code } = await this.#child.status;
    clearTimeout(this.#limit);
    this.#over = true;
    this.#wake();
    return { code, output: this.#output, stdout, longestSilence };
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}
