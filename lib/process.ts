/**
 * The one place where programs are started: every child has an owner that ends it, output is bounded,
 * and a failure says what failed, where, and with which last words.
 *
 * @module
 */
import { Scope } from "./async.ts";
import { DeadlineError, UsageError } from "./errors.ts";
import { feed } from "./feed.ts";
import { eachLine } from "./lines.ts";
import { commandError, describe, type Hint, hintOf, type RunResult, Tail } from "./result.ts";
import { isPermitted } from "./permission.ts";
import { type Reporter, stamping } from "./report/events.ts";

/** What a child reads: nothing, our own terminal, or these bytes. */
export type Input = "null" | "inherit" | string | ReadableStream<Uint8Array>;

/** How a child is started; everything has a default. */
export interface SpawnOptions {
  /** What the child reads. Default: "null" */
  readonly stdin?: Input | undefined;
  /** Variables that are set on top of our own environment. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** The working directory. Default: our own */
  readonly cwd?: string | undefined;
  /** Ends the child when aborted: SIGTERM, and SIGKILL two seconds later. */
  readonly signal?: AbortSignal | undefined;
  /** Hears of the command. Default: nobody */
  readonly report?: Reporter | undefined;
}

/** How a command is run to its end; everything has a default. */
export interface RunOptions extends SpawnOptions {
  /** The machine the command really runs on, for messages. Default: "here" */
  readonly where?: string | undefined;
  /** The words that messages and events show instead of the local command line. */
  readonly shown?: readonly string[] | undefined;
  /** How long it may take, in milliseconds. Default: no limit but `signal` */
  readonly timeout?: number | undefined;
  /** Called with each line of both outputs, as it comes, control characters and all. */
  readonly onLine?: ((line: string, stream: "stdout" | "stderr") => void) | undefined;
  /** What each line of the error output stands for: other lines, or none. Default: itself */
  readonly translate?: ((line: string) => readonly string[]) | undefined;
  /** Characters of a line of the error output that are kept together. Default: 16 * 1024 */
  readonly longest?: number | undefined;
  /** Whether a non-zero exit code is returned instead of thrown. Default: false */
  readonly allowFailure?: boolean | undefined;
  /** What to do about a failure, perhaps told by the output. Default: a hint to look at the output */
  readonly hint?: Hint | undefined;
}

/** A program that runs: a {@linkcode Child}, or what stands for one. */
export type Running =
  & Pick<Child, "status" | "fed" | "ended" | "stdout" | "stderr" | "end">
  & AsyncDisposable;

const MAX_CAPTURE = 4 * 1024 * 1024;
const GRACE_MS = 2000;

/** All that runs. */
const running = new Set<Child>();

/** Ends every program that was started here and still runs, at once: SIGKILL. */
export function killAll(): void {
  for (const child of running) child.kill("SIGKILL");
}

/** A running program. Disposal ends it and waits for its end. */
export class Child implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #options: SpawnOptions;
  readonly #onAbort = () => void this.end();
  #ended = false;
  /** How it ended. Never rejects. */
  readonly status: Promise<Deno.CommandStatus>;
  /** Resolves when its input has gone to it, or it has ended before; rejects when the source fails. */
  readonly fed: Promise<void>;

  /** Wraps a child that runs; use {@linkcode start}. */
  constructor(child: Deno.ChildProcess, options: SpawnOptions, fed: Promise<void>) {
    this.#child = child;
    this.#options = options;
    this.fed = fed;
    running.add(this);
    this.status = child.status.then((status) => {
      this.#ended = true;
      running.delete(this);
      options.signal?.removeEventListener("abort", this.#onAbort);
      return status;
    });
    if (options.signal?.aborted) this.#onAbort();
    else options.signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Whether it has ended. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Its process id. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Its standard output. */
  get stdout(): ReadableStream<Uint8Array> {
    return this.#child.stdout;
  }

  /** Its error output. */
  get stderr(): ReadableStream<Uint8Array> {
    return this.#child.stderr;
  }

  /** Ends it: SIGTERM, and SIGKILL after two seconds. */
  async end(): Promise<void> {
    this.kill("SIGTERM");
    const timer = setTimeout(() => this.kill("SIGKILL"), GRACE_MS);
    await this.status;
    clearTimeout(timer);
  }

  /** Ends it and waits for its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  /** Sends it a signal, if it still runs. */
  kill(signal: Deno.Signal): void {
    if (this.#ended) return;
    try {
      this.#child.kill(signal);
    } catch {
      // It ended in between.
    }
  }
}

/** Starts a program. The caller owns it: dispose of it, and read both of its outputs. */
export function start(command: readonly string[], options: SpawnOptions = {}): Child {
  const { stdin = "null", env, cwd, signal } = options;
  const [program = "", ...args] = command;
  signal?.throwIfAborted();
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(program, {
      args,
      stdin: stdin === "null" || stdin === "inherit" ? stdin : "piped",
      stdout: "piped",
      stderr: "piped",
      ...(env && { env: { ...env } }),
      ...(cwd !== undefined && { cwd }),
    }).spawn();
  } catch (cause) {
    throw cannotStart(program, cwd, cause);
  }
  const fed = stdin === "null" || stdin === "inherit" ? Promise.resolve() : feed(child, stdin);
  fed.catch(() => {}); // whoever awaits it hears of it; nobody has to
  return new Child(child, options, fed);
}

/** Starts a program in another way, and calls `onStart` whenever the clock of its timeout is to start. */
export type Begin = (options: SpawnOptions, onStart: () => void) => Running;

/** Runs a program to its end and returns how it ended; throws a {@linkcode CommandError} if it failed. */
export async function run(
  command: readonly string[],
  options: RunOptions = {},
  begin?: Begin,
): Promise<RunResult> {
  const { where = "here", shown = command, onLine, translate, timeout } = options;
  stamping(options.report)({ type: "command", command: shown, where });
  using scope = new Scope(options.signal);
  const [errors, both] = [new Tail(), new Tail()];
  const onStart = () => {
    if (timeout === undefined) return;
    scope.limit(
      timeout,
      () =>
        new DeadlineError(`${describe(shown, where)} did not end within ${timeout / 1000} s`, {
          hint: hintOf(options.hint, both.text) ??
            "see what the machine is busy with, or give it more time",
        }),
    );
  };
  const own = { ...options, signal: scope.signal };
  if (!begin) onStart();
  const child = begin?.(own, onStart) ?? start(command, own);
  let stdout = "";
  // Others may hold a child's outputs open when it has ended: ssh hands them to its master, which keeps
  // them until the remote command ends. An abort must not wait for that.
  const { signal } = scope;
  const parts = [
    eachLine(child.stdout, (line) => {
      both.add(line);
      onLine?.(line, "stdout");
    }, {
      signal,
      // As it is: a line of JSON may be longer than the pieces that lines come in.
      onText: (text) => {
        if (stdout.length < MAX_CAPTURE) stdout += text.slice(0, MAX_CAPTURE - stdout.length);
      },
    }),
    eachLine(child.stderr, (raw) => {
      for (const line of translate?.(raw) ?? [raw]) {
        errors.add(line);
        both.add(line);
        onLine?.(line, "stderr");
      }
    }, { signal, longest: options.longest }),
    child.fed,
  ];
  // A source or a reader that fails ends the whole: that the child ended too is not what went wrong.
  for (const part of parts) part.catch((error) => scope.abort(error));
  await Promise.allSettled(parts);
  const status = await child.status;
  signal.throwIfAborted();
  const result: RunResult = {
    code: status.code,
    signal: status.signal,
    stdout,
    stderr: errors.text,
    output: both.text,
  };
  if (status.success || options.allowFailure) return result;
  throw commandError(result, options, shown);
}

/** Whether a program is here and we may run it; it must know `--version`. */
export async function mayRun(command: string): Promise<boolean> {
  if (!await isPermitted(command)) return false;
  return await run([command, "--version"], { timeout: 10_000 }).then(() => true, () => false);
}

function cannotStart(program: string, cwd: string | undefined, cause: unknown): Error {
  if (cause instanceof Deno.errors.PermissionDenied) {
    return new UsageError(`cannot start ${program}: permission denied`, {
      hint: `check that ${program} is a program that you may run`,
      cause,
    });
  }
  if (cause instanceof Deno.errors.NotFound) {
    const place = cwd === undefined ? "" : ` in ${cwd}`;
    return new UsageError(`cannot start ${program}${place}: not found`, {
      hint: `install ${program} on this machine, or put it on the PATH`,
      cause,
    });
  }
  return cause instanceof Error ? cause : new Error(String(cause));
}
