import { supervise } from "../launch.ts";

/** How one child ended, and everything it said. */
export interface Outcome {
  readonly ok: boolean;
  readonly output: string;
  readonly seconds: number;
}

export interface RunOptions {
  /** Added to the environment. */
  readonly env?: Record<string, string>;
  /** Pass on what it says as it says it. @default {false} */
  readonly show?: boolean;
}

/** The Deno children of one run, which end with it: at the latest when its time is over. */
export class Children implements Disposable {
  readonly #running = new Set<Deno.ChildProcess>();
  readonly #timer: ReturnType<typeof setTimeout>;
  /** Why nothing more is started: the time is over, or a signal came. */
  stopped = "";

  constructor(milliseconds: number) {
    this.#timer = setTimeout(() => this.#end(), milliseconds);
  }

  /** Runs Deno with these arguments. */
  async run(
    args: readonly string[],
    { env = {}, show = false }: RunOptions = {},
  ): Promise<Outcome> {
    const start = performance.now();
    const seconds = () => (performance.now() - start) / 1000;
    if (this.stopped) return { ok: false, output: `${this.stopped}: not started`, seconds: 0 };
    const child = new Deno.Command(Deno.execPath(), {
      args: [...args],
      env: show && Deno.stdout.isTerminal() ? { FORCE_COLOR: "1", ...env } : env,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#running.add(child);
    const heard = new Listener(show);
    using _signals = supervise(child, () => this.stopped = "interrupted");
    const hearing = Promise.all([heard.listen(child.stdout), heard.listen(child.stderr)]);
    const { success } = await child.status;
    this.#running.delete(child);
    // Something it left behind may hold the pipes open: that is not waited for.
    await Promise.race([hearing, new Promise((resolve) => setTimeout(resolve, 2_000))]);
    return { ok: success, output: heard.text, seconds: seconds() };
  }

  #end(): void {
    this.stopped = "out of time";
    for (const child of this.#running) {
      child.kill("SIGTERM");
      setTimeout(() => this.#running.has(child) && child.kill("SIGKILL"), 10_000);
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}

/** Keeps what two streams say, in the order it comes. */
class Listener {
  text = "";

  constructor(readonly show: boolean) {}

  async listen(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const piece of stream.pipeThrough(new TextDecoderStream())) {
      this.text += piece;
      if (this.show) await write(piece);
    }
  }
}

async function write(text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += await Deno.stdout.write(bytes.subarray(at));
}
