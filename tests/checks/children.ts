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
  /** Whether it gives way to others that want the processor. @default {false} */
  readonly yields?: boolean;
}

/** The Deno children of one run, which end with it: at the latest when its time is over. */
export class Children implements Disposable {
  readonly #running = new Set<Deno.ChildProcess>();
  readonly #timers: ReturnType<typeof setTimeout>[] = [];
  /** Why nothing more is started: the time is over, or a signal came. */
  stopped = "";

  constructor(milliseconds: number) {
    this.#timers.push(setTimeout(() => this.#end("SIGTERM"), milliseconds));
    this.#timers.push(setTimeout(() => this.#end("SIGKILL"), milliseconds + 10_000));
  }

  /** Runs Deno with these arguments. */
  async run(
    args: readonly string[],
    { env = {}, show = false, yields = false }: RunOptions = {},
  ): Promise<Outcome> {
    const start = performance.now();
    const seconds = () => (performance.now() - start) / 1000;
    if (this.stopped) return { ok: false, output: `${this.stopped}: not started`, seconds: 0 };
    const [program = "", ...words] = [...(yields ? ["nice", "-n", "5"] : []), Deno.execPath()];
    const child = new Deno.Command(program, {
      args: [...words, ...args],
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
    const patience = Promise.withResolvers<void>();
    const timer = setTimeout(patience.resolve, 2_000);
    await Promise.race([hearing, patience.promise]);
    clearTimeout(timer);
    return { ok: success, output: heard.text, seconds: seconds() };
  }

  #end(signal: Deno.Signal): void {
    this.stopped = "out of time";
    for (const child of this.#running) child.kill(signal);
  }

  [Symbol.dispose](): void {
    this.#timers.forEach((timer) => clearTimeout(timer));
  }
}

/** Keeps what two streams say, in the order it comes. */
class Listener {
  text = "";

  constructor(readonly show: boolean) {}

  async listen(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
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
