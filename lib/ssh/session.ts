/**
 * A session: one login on a target, and everything that runs through it.
 *
 * @module
 */
import { ConnectionError } from "../errors.ts";
import type { Destination } from "../plan/destination.ts";
import { type Child, run, type RunOptions, start } from "../process.ts";
import { commandError, describe, type RunResult } from "../result.ts";
import type { Reporter } from "../report/events.ts";
import type { ConnectOptions } from "./options.ts";
import type { Master } from "./master.ts";
import { anyShell, quoteAll } from "./quote.ts";
import { openEnded, tiedCode } from "./tied.ts";

/** How a command is run on a target; everything has a default. */
export interface RemoteOptions extends
  Pick<
    RunOptions,
    "signal" | "deadline" | "onLine" | "allowFailure" | "hint" | "shown" | "called"
  > {
  /** The words that make a command run as root, from {@linkcode Facts.become}. @default [] */
  readonly become?: readonly string[];
  /** Whether it runs though the session's own signal was aborted: for tidying up. @default false */
  readonly evenIfAborted?: boolean;
  /** Whether it is ended there too when it is given up here or the connection is lost. @default false */
  readonly tied?: boolean;
}

/** What {@linkcode Session.script} takes besides its text. */
export interface ScriptOptions extends RemoteOptions {
  /** The script's `$1`, `$2`, … @default [] */
  readonly args?: readonly string[];
  /** What the script is called in messages. @default "script" */
  readonly name?: string;
  /** Whether text and arguments may be seen in lists of processes: a round trip less. @default false */
  readonly inline?: boolean;
}

/** What known_hosts files call a target. */
export interface KnownAs {
  /** The name that ssh connects to. */
  readonly hostname: string;
  /** The port that ssh connects to. */
  readonly port: number;
  /** The user's known_hosts files. */
  readonly known: readonly string[];
}

/** What a session is made of; {@linkcode connect} makes one. */
export interface SessionParts {
  readonly label: string;
  readonly destination: Destination;
  readonly master: Master;
  /** What ssh made of the host's name, and where it keeps host keys. */
  readonly resolved: KnownAs;
  /** How it was logged in, for logging in again. */
  readonly options: ConnectOptions;
  /** The private folder, removed at disposal. */
  readonly folder: string;
  readonly report: Reporter;
}

/** Characters of a command line. Linux allows 128 KiB an argument, and a character may have four bytes. */
const MAX_LINE = 30_000;
/** The same for what can be sent otherwise: the ssh server of small systems takes 9,000 bytes. */
const MAX_INLINE = 8000;

/** A login on a target. Disposal ends the login and removes what it kept on this machine. */
export class Session implements AsyncDisposable {
  readonly #parts: SessionParts;
  readonly #owned = new AsyncDisposableStack();

  /** Wraps a login; use {@linkcode connect}. */
  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  /** The target as the user named it, for messages. */
  get label(): string {
    return this.#parts.label;
  }

  /** Where the target is. */
  get destination(): Destination {
    return this.#parts.destination;
  }

  /** What known_hosts files call it, and which files these are. */
  get knownAs(): KnownAs {
    return this.#parts.resolved;
  }

  /** The fingerprint of the host key that it proved to have, `SHA256:…`. */
  get fingerprint(): string | undefined {
    return this.#parts.master.log.fingerprint;
  }

  /** Whether the host key was known before. */
  get hostKeyKnown(): boolean {
    return this.#parts.master.log.known;
  }

  /** How the login was granted: `publickey`, `password`, … */
  get method(): string | undefined {
    return this.#parts.master.log.method;
  }

  /** Milliseconds that this login waited for the server's greeting. */
  get greetedAfter(): number {
    return this.#parts.master.greetedAfter;
  }

  /** Milliseconds there and back, as this login measured them; near targets seem farther than they are. */
  get roundTrip(): number | undefined {
    return this.#parts.master.log.roundTrip;
  }

  /** Whether the connection has ended. */
  get ended(): boolean {
    return this.#parts.master.ended;
  }

  /** How it was logged in, for logging in again after a boot. */
  get options(): ConnectOptions {
    return this.#parts.options;
  }

  /** Hears of what happens in this session. */
  get report(): Reporter {
    return this.#parts.report;
  }

  /** The ssh options, without spaces in any, that let nix's ssh use this session. */
  get sshOptions(): string {
    return `-F ${this.#parts.folder}/socket.config`;
  }

  /** Runs a program with these words, whatever the login shell; throws a `CommandError` if it fails. */
  run(command: readonly string[], options: RemoteOptions = {}): Promise<RunResult> {
    const words = [...(options.become ?? []), ...command];
    if (options.tied) {
      const code = tiedCode('"$@"', words);
      const line = anyShell(code);
      if (line.length <= MAX_INLINE) return this.#ssh(line, options, openEnded(""), words);
      return this.#ssh(anyShell("sh -s"), options, openEnded(code), words);
    }
    const line = anyShell(`exec ${quoteAll(words)}`);
    if (line.length <= MAX_LINE) return this.#ssh(line, options, "null", words);
    // Thousands of store paths fit into no argument of the local ssh; over the connection they do.
    return this.#ssh("exec sh -s", options, `exec ${quoteAll(words)} </dev/null\n`, words);
  }

  /** Runs a program that reads `stream` as its input. */
  pipe(
    stream: string | ReadableStream<Uint8Array>,
    command: readonly string[],
    options: RemoteOptions = {},
  ): Promise<RunResult> {
    const words = [...(options.become ?? []), ...command];
    return this.#ssh(anyShell(`exec ${quoteAll(words)}`), options, stream, words);
  }

  /**
   * Runs POSIX shell code with `set -eu`. The code goes over the connection as input of `sh`, so it is in no
   * argument list unless it is `inline`; what it runs has an empty input.
   */
  script(text: string, given: ScriptOptions = {}): Promise<RunResult> {
    const { args = [], name = "script", become = [], inline, tied } = given;
    const shown = [...become, name, ...args];
    // Its arguments are ours: they tell a person nothing.
    const options = { called: name, ...given };
    // As a function, the whole is read before any of it runs.
    const code = tied
      ? tiedCode(text, args)
      : `main() {\nset -eu\n${text}\n}\nmain ${quoteAll(args)} </dev/null\n`;
    const line = inline ? anyShell(quoteAll([...become, "sh", "-c", code])) : undefined;
    // A server lets nothing be sent before it has started the command.
    if (line !== undefined && line.length <= MAX_INLINE) {
      return this.#ssh(line, options, tied ? openEnded("") : "null", shown);
    }
    const input = tied ? openEnded(code) : code;
    return this.#ssh(anyShell(quoteAll([...become, "sh", "-s"])), options, input, shown);
  }

  /** Starts a program and leaves it to the caller, who reads its outputs and disposes of it. */
  start(command: readonly string[], stdin: "null" | ReadableStream<Uint8Array> = "null"): Child {
    this.report({ type: "command", command, where: this.label });
    return start(this.#command(anyShell(`exec ${quoteAll(command)}`)), {
      stdin,
      ...(this.#parts.options.signal && { signal: this.#parts.options.signal }),
    });
  }

  /** Disposes of `resource` together with the session. */
  own(resource: AsyncDisposable): void {
    this.#owned.use(resource);
  }

  /** Ends the login and removes the private folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
    await this.#parts.master[Symbol.asyncDispose]();
    await Deno.remove(this.#parts.folder, { recursive: true }).catch(() => {});
  }

  async #ssh(
    line: string,
    options: RemoteOptions,
    stdin: "null" | string | ReadableStream<Uint8Array>,
    words: readonly string[],
  ): Promise<RunResult> {
    const own = options.evenIfAborted ? undefined : this.#parts.options.signal;
    const signals = [options.signal, own].filter((signal) => signal !== undefined);
    const [where, { shown = words, called }] = [this.label, options];
    const result = await run(this.#command(line), {
      ...options,
      stdin,
      shown,
      where,
      report: this.report,
      signal: AbortSignal.any(signals),
      allowFailure: true,
    });
    // ssh's own failures and a remote exit code 255 look alike; the master tells them apart.
    if (result.code === 255 && await this.#lost()) {
      throw new ConnectionError(
        `${where}: the connection was lost during ${describe(shown, { called })}`,
        { hint: "check the network and the machine" },
      );
    }
    if (result.code !== 0 && !options.allowFailure) {
      throw commandError(result, { where, called, hint: options.hint }, shown);
    }
    return result;
  }

  #command(line: string): string[] {
    return ["ssh", "-F", `${this.#parts.folder}/socket.config`, "-T", "--", "target", line];
  }

  async #lost(): Promise<boolean> {
    // The master needs a moment to notice what its client has seen already.
    const { master } = this.#parts;
    let timer: ReturnType<typeof setTimeout> | undefined;
    await Promise.race([master.end, new Promise((resolve) => timer = setTimeout(resolve, 300))]);
    clearTimeout(timer);
    return master.ended;
  }
}
