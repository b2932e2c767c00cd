/**
 * The command as a child process, in a place of its own: home, state, cache and temporary files.
 *
 * @module
 */
import { ROOT } from "../../checks/sources.ts";
import { leftOf } from "../../readme/shell.ts";
import { NIX_CONFIG } from "../../vm/nix.ts";

const CLI = decodeURIComponent(new URL("cli.ts", ROOT).pathname);
const FOLDERS = ["tmp", "home", "state", "cache", "run"];

/** How a command ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The same with the times before its lines. */
  readonly raw: string;
  /** Milliseconds from start to end. */
  readonly ms: number;
  /** Whether it had to be killed since it did not end by itself. */
  readonly hung: boolean;
}

/** Output without the time since the beginning that stands before each line of a run. */
export function withoutTimes(text: string): string {
  return text.replace(/^\[(\d+:)+\d\d\] /gm, "");
}

let denoFolder: Promise<string> | undefined;

/** Where Deno keeps its modules: it must not look for them in a home that is empty. */
async function findDenoFolder(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}

/** A place for commands. Disposal removes it. */
export class Sandbox implements AsyncDisposable {
  private constructor(readonly folder: string, readonly denoFolder: string) {}

  static async make(): Promise<Sandbox> {
    denoFolder ??= findDenoFolder();
    // Short: a control socket's path in it must not become too long.
    const folder = await Deno.makeTempDir({ prefix: "p-" });
    for (const name of FOLDERS) await Deno.mkdir(`${folder}/${name}`);
    return new Sandbox(folder, await denoFolder);
  }

  /** The variables of the user who runs the command. */
  get env(): Record<string, string> {
    const { folder } = this;
    return {
      NO_COLOR: "1",
      // What a terminal is that a test makes; only its own says otherwise.
      TERM: "dumb",
      NIX_CONFIG,
      DENO_DIR: this.denoFolder,
      HOME: `${folder}/home`,
      XDG_STATE_HOME: `${folder}/state`,
      XDG_CACHE_HOME: `${folder}/cache`,
      TMPDIR: `${folder}/tmp`,
      SSH_AUTH_SOCK: "",
    };
  }

  /** Starts the command. */
  start(
    words: readonly string[],
    env: Readonly<Record<string, string>> = {},
    bound = 60,
  ): Running {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", CLI, ...words],
      cwd: `${this.folder}/run`,
      env: { ...this.env, ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    return new Running(child, bound);
  }

  /** What commands left that nobody promised: processes, temporary files, and files in the user's folders. */
  async left(): Promise<string[]> {
    const left = await leftOf(`${this.folder}/tmp`).catch((): string[] => []);
    for (const name of ["home", "state", "cache", "run"]) {
      for (const path of await files(`${this.folder}/${name}`)) left.push(`${name}${path}`);
    }
    return left.filter((path) => !/^(cache|home\/\.cache)\/nix\//.test(path));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** The files below a folder, each with a slash before it. */
async function files(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (!isDirectory) found.push(`/${name}`);
    else for (const path of await files(`${folder}/${name}`)) found.push(`/${name}${path}`);
  }
  return found;
}

/** A command that runs. */
export class Running {
  readonly end: Promise<Ended>;
  readonly pid: number;
  #stderr = "";
  #over = false;

  constructor(readonly child: Deno.ChildProcess, bound: number) {
    this.pid = child.pid;
    this.end = this.#watch(bound);
  }

  /** What it has printed as errors so far, without the times before its lines. */
  get stderr(): string {
    return withoutTimes(this.#stderr);
  }

  /** Whether it has ended. */
  get over(): boolean {
    return this.#over;
  }

  /** Waits until a condition holds; throws when the command ends before. */
  async until(condition: () => boolean | Promise<boolean>, pause = 5): Promise<void> {
    while (!(await condition())) {
      if (this.#over) throw new Error(`the command has ended before:\n${this.#stderr}`);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  /** Waits until it has printed this as an error or a notice. */
  said(pattern: RegExp): Promise<void> {
    return this.until(() => pattern.test(this.stderr));
  }

  /** Sends it a signal, if it still runs. */
  signal(name: Deno.Signal): void {
    if (!this.#over) this.child.kill(name);
  }

  async #watch(bound: number): Promise<Ended> {
    const began = performance.now();
    let hung = false;
    const timer = setTimeout(() => {
      hung = true;
      this.signal("SIGKILL");
    }, bound * 1000);
    const decoder = new TextDecoder();
    const errors = async () => {
      for await (const part of this.child.stderr) {
        this.#stderr += decoder.decode(part, { stream: true });
      }
    };
    const reading = Promise.all([new Response(this.child.stdout).text(), errors()]);
    const { code } = await this.child.status;
    this.#over = true;
    const ms = performance.now() - began;
    clearTimeout(timer);
    // A child that is left may hold the outputs; it is found by other means.
    let late: ReturnType<typeof setTimeout> | undefined;
    const patience = new Promise<[string]>((resolve) => late = setTimeout(resolve, 3000, [""]));
    const [stdout] = await Promise.race([reading, patience]);
    clearTimeout(late);
    return { code, stdout, stderr: this.stderr, raw: this.#stderr, ms, hung };
  }
}
