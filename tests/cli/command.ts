/**
 * The command as a child process, with a folder for temporary files of its own.
 *
 * @module
 */
import { ROOT } from "../checks/sources.ts";
import { leftOf } from "../readme/shell.ts";
import { withoutTimes } from "../support/install/sandbox.ts";

const CLI = decodeURIComponent(new URL("cli.ts", ROOT).pathname);

/** Words that run the command. */
export const COMMAND: readonly string[] = [Deno.execPath(), "run", "-A", CLI];

/** How a run of the command ended. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A place to run the command in; disposal removes it. */
export class Sandbox implements AsyncDisposable {
  private constructor(readonly folder: string) {}

  static async make(): Promise<Sandbox> {
    const folder = await Deno.makeTempDir({ prefix: "cli-" });
    for (const name of ["tmp", "here"]) await Deno.mkdir(`${folder}/${name}`);
    return new Sandbox(folder);
  }

  /** The folder for temporary files. */
  get temp(): string {
    return `${this.folder}/tmp`;
  }

  /** Writes a file and returns its path. */
  async file(name: string, text: string, mode = 0o600): Promise<string> {
    const path = `${this.folder}/${name}`;
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    await Deno.writeTextFile(path, text, { mode });
    return path;
  }

  /** Starts the command. */
  start(words: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
    const [program = "", ...args] = COMMAND;
    return new Running(
      new Deno.Command(program, {
        args: [...args, ...words],
        cwd: `${this.folder}/here`,
        env: { NO_COLOR: "1", XDG_STATE_HOME: `${this.folder}/state`, ...env, TMPDIR: this.temp },
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).spawn(),
    );
  }

  /** Runs the command to its end. */
  run(words: readonly string[], env?: Readonly<Record<string, string>>): Promise<Outcome> {
    return this.start(words, env).end;
  }

  /** What runs left behind: temporary files and processes, but for those that are just ending. */
  async left(): Promise<string[]> {
    const late = performance.now() + 2000;
    while (true) {
      const left = await leftOf(this.temp);
      if (left.length === 0 || performance.now() > late) return left;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Removes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** The command while it runs. */
export class Running {
  readonly end: Promise<Outcome>;
  #stderr = "";

  constructor(readonly child: Deno.ChildProcess) {
    const errors = async () => {
      const decoder = new TextDecoder();
      for await (const part of child.stderr) this.#stderr += decoder.decode(part, { stream: true });
    };
    const limit = setTimeout(() => child.kill("SIGKILL"), 300_000);
    child.status.finally(() => clearTimeout(limit));
    this.end = Promise.all([child.status, new Response(child.stdout).text(), errors()])
      .then(([{ code }, stdout]) => ({ code, stdout, stderr: this.stderr }));
  }

  /** What it has printed as errors so far. */
  get stderr(): string {
    return withoutTimes(this.#stderr);
  }

  /** Waits until a condition holds, or the command has ended. */
  async until(condition: () => boolean | Promise<boolean>): Promise<void> {
    let ended = false;
    this.end.then(() => ended = true);
    const late = performance.now() + 60_000;
    while (!(await condition())) {
      if (ended) throw new Error(`the command has ended:\n${this.stderr}`);
      if (performance.now() > late) {
        this.child.kill("SIGKILL");
        throw new Error(`nothing happens:\n${this.stderr}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Sends it a signal and waits for its end, which has to come soon. */
  async interrupt(signal: Deno.Signal): Promise<Outcome> {
    this.child.kill(signal);
    const timer = setTimeout(() => this.child.kill("SIGKILL"), 20_000);
    const outcome = await this.end;
    clearTimeout(timer);
    return outcome;
  }
}

/** Whether a file is there. */
export async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
