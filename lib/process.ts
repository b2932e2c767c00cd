/**
 * The one place where programs are started: every child has an owner that ends it, output is bounded,
 * and a failure says what failed, where, and with which last words.
 *
 * @module
 */
import { Scope } from "./deadline.ts";
import { CommandError, DeadlineError, UsageError } from "./errors.ts";
import { escapeControls } from "./report/escape.ts";
import { type Reporter, silent } from "./report/events.ts";

/** What a child reads: nothing, our own terminal, or these bytes. */
export type Input = "null" | "inherit" | string | ReadableStream<Uint8Array>;

/** How a child is started; everything has a default. */
export interface SpawnOptions {
  /** What the child reads. @default "null" */
  readonly stdin?: Input;
  /** Variables that are set on top of our own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** The working directory. @default our own */
  readonly cwd?: string;
  /** Ends the child when aborted: SIGTERM, and SIGKILL two seconds later. */
  readonly signal?: AbortSignal;
  /** Hears of the command. @default nobody */
  readonly report?: Reporter;
}

/** How a command is run to its end; everything has a default. */
export interface RunOptions extends SpawnOptions {
  /** The machine the command really runs on, for messages. @default "here" */
  readonly where?: string;
  /** The words that messages and events show instead of the local command line. */
  readonly shown?: readonly string[];
  /** How long it may take, in milliseconds. @default no limit but `signal` */
  readonly deadline?: number;
  /** Called with each line of both outputs, as it comes, control characters and all. */
  readonly onLine?: (line: string, stream: "stdout" | "stderr") => void;
  /** Whether a non-zero exit code is returned instead of thrown. @default false */
  readonly allowFailure?: boolean;
  /** What to do about a failure. @default a hint to look at the output */
  readonly hint?: string;
}

/** How a command ended. */
export interface RunResult {
  /** The exit code; for a death by signal 128 + its number. */
  readonly code: number;
  /** The signal that ended it, else `null`. */
  readonly signal: string | null;
  /** The first 4 MiB of what it printed on its standard output. */
  readonly stdout: string;
  /** The last lines of what it printed on its error output, at most 4,000 characters. */
  readonly stderr: string;
}

const MAX_CAPTURE = 4 * 1024 * 1024;
const MAX_LINE = 16 * 1024;
const MAX_TAIL = 4000;
const GRACE_MS = 2000;

/** What {@linkcode eachLine} can do besides. */
export interface LineOptions {
  /** Called with the text as it comes, before it is cut into lines. */
  readonly onText?: (text: string) => void;
  /** Ends the reading when aborted, though the stream goes on. */
  readonly signal?: AbortSignal;
}

/** Calls `onLine` for each line of `stream`; a line past 16 KiB comes in pieces. Always drains. */
export async function eachLine(
  stream: ReadableStream<Uint8Array>,
  onLine: (line: string) => void,
  { onText, signal }: LineOptions = {},
): Promise<void> {
  let rest = "";
  const decoder = new TextDecoderStream() as Decoder;
  for await (const chunk of stream.pipeThrough(decoder, signal && { signal })) {
    onText?.(chunk);
    rest += chunk;
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line.endsWith("\r") ? line.slice(0, -1) : line);
    if (rest.length > MAX_LINE) {
      onLine(rest);
      rest = "";
    }
  }
  if (rest !== "") onLine(rest);
}
type Decoder = TransformStream<Uint8Array, string>;

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
    this.status = child.status.then((status) => {
      this.#ended = true;
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
    this.#kill("SIGTERM");
    const timer = setTimeout(() => this.#kill("SIGKILL"), GRACE_MS);
    await this.status;
    clearTimeout(timer);
  }

  /** Ends it and waits for its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  #kill(signal: Deno.Signal): void {
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

/** Runs a program to its end and returns how it ended; throws a {@linkcode CommandError} if it failed. */
export async function run(
  command: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const { report = silent, where = "here", shown = command, onLine, deadline } = options;
  report({ type: "command", command: shown, where });
  using scope = new Scope(options.signal);
  if (deadline !== undefined) {
    scope.limit(
      deadline,
      () =>
        new DeadlineError(`${describe(shown, where)} did not end within ${deadline / 1000} s`, {
          hint: options.hint ?? "look at the machine, then run the same command line again",
        }),
    );
  }
  const child = start(command, { ...options, signal: scope.signal });
  let stdout = "";
  let tail = "";
  // Others may hold a child's outputs open when it has ended: ssh hands them to its master, which keeps
  // them until the remote command ends. An abort must not wait for that.
  const { signal } = scope;
  const results = await Promise.allSettled([
    eachLine(child.stdout, (line) => onLine?.(line, "stdout"), {
      signal,
      // As it is: a line of JSON may be longer than the pieces that lines come in.
      onText: (text) => {
        if (stdout.length < MAX_CAPTURE) stdout += text.slice(0, MAX_CAPTURE - stdout.length);
      },
    }),
    eachLine(child.stderr, (line) => {
      tail = (tail + escapeControls(line) + "\n").slice(-MAX_TAIL);
      onLine?.(line, "stderr");
    }, { signal }),
    child.fed,
  ]);
  const status = await child.status;
  signal.throwIfAborted();
  // A source that failed has ended the child; that it did is not what went wrong.
  const fault = results.find((settled) => settled.status === "rejected");
  if (fault) throw fault.reason;
  const result: RunResult = {
    code: status.code,
    signal: status.signal,
    stdout,
    stderr: tail.trimEnd(),
  };
  if (status.success || options.allowFailure) return result;
  throw commandError(result, options, shown);
}

/** The error for a command that ended as `result` tells. */
export function commandError(
  result: RunResult,
  options: Pick<RunOptions, "where" | "hint">,
  shown: readonly string[],
): CommandError {
  const { where = "here", hint = "see its output; --debug shows every command" } = options;
  const how = result.signal
    ? `was ended by ${result.signal}`
    : `failed with exit code ${result.code}`;
  return new CommandError(`${describe(shown, where)} ${how}`, {
    command: shown,
    exitCode: result.code,
    signal: result.signal,
    output: result.stderr || escapeControls(result.stdout.slice(-MAX_TAIL).trimEnd()),
    where,
    hint,
  });
}

function describe(shown: readonly string[], where: string): string {
  const words = escapeControls(shown.join(" "));
  const short = words.length > 160 ? `${words.slice(0, 157)}...` : words;
  return where === "here" ? short : `${where}: ${short}`;
}

async function feed(child: Deno.ChildProcess, stdin: string | ReadableStream<Uint8Array>) {
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

function cannotStart(program: string, cwd: string | undefined, cause: unknown): Error {
  if (cause instanceof Deno.errors.NotFound) {
    const place = cwd === undefined ? "" : ` in ${cwd}`;
    return new UsageError(`cannot start ${program}${place}: not found`, {
      hint: `install ${program} on this machine, or put it on the PATH`,
      cause,
    });
  }
  return cause instanceof Error ? cause : new Error(String(cause));
}
