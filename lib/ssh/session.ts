/**
 * A session: one login on a target, and everything that runs through it.
 *
 * @module
 */
import type { Destination } from "../plan/destination.ts";
import { run } from "../process.ts";
import { commandError, type RunResult, shortCommand } from "../result.ts";
import { type Report, silent } from "../report/events.ts";
import { Channels } from "./channels.ts";
import { CLEAN, commandLine, execLine, shownWords } from "./command_line.ts";
import { Mark } from "./mark.ts";
import { isLost, type Master } from "./master.ts";
import { lostConnection, oneCommand, shellError } from "./no_shell.ts";
import { quoteAll } from "./quote.ts";
import { Remote, type RemoteParts } from "./remote.ts";
import type {
  RemoteOptions,
  ScriptOptions,
  SessionInternals,
  SessionParts,
} from "./session_parts.ts";
import { killOnDisconnectCode, openEnded } from "./kill_on_disconnect.ts";

export type { RemoteOptions, ScriptOptions };

/** Characters of a command line. Linux allows 128 KiB an argument, and a character may have four bytes. */
const MAX_LINE = 30_000;
/** The same for what can be sent otherwise: the ssh server of small systems takes 9,000 bytes. */
const MAX_INLINE = 8000;

const INTERNALS = new WeakMap<Session, SessionInternals>();

/** What this module knows of a session, and nobody else: how it was logged in may hold a password. */
export function internals(session: Session): SessionInternals {
  const found = INTERNALS.get(session);
  if (!found) throw new TypeError("this is no session of connect()");
  return found;
}

/**
 * A login on a target. Disposal ends the login and removes what it kept on this machine.
 *
 * @example
 * ```ts ignore
 * import { connect } from "@nixos-anywhere/deno";
 * await using target = await connect("root@203.0.113.7");
 * const { stdout } = await target.run(["uname", "-r"]);
 * console.log(target.host, stdout.trim());
 * ```
 */
export class Session implements AsyncDisposable {
  readonly #parts: SessionParts;
  readonly #owned = new AsyncDisposableStack();
  readonly #mark = new Mark();
  readonly #channels: Channels;
  #master: Master;
  #greeting = "";

  /** Wraps a login; use {@linkcode connect}. */
  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#master = parts.master;
    this.#channels = new Channels(parts.label, async () => {
      const first = this.#master;
      this.#master = await parts.logInBare();
      await first[Symbol.asyncDispose]();
    });
    INTERNALS.set(this, {
      login: parts.options,
      knownAs: parts.resolved,
      get acceptedKey() {
        return parts.master.log.acceptedKey;
      },
      pid: () => this.#master.pid,
      channels: this.#channels,
      own: (resource) => void this.#owned.use(resource),
      start: (command, stdin = "null") => {
        this.report({ type: "command", command, where: this.label });
        const { signal } = parts.options;
        return this.#begin(execLine(this.#mark, command), { stdin, signal });
      },
    });
  }

  /** The target as the user named it, for messages. */
  get label(): string {
    return this.#parts.label;
  }

  /** Where the target is. */
  get destination(): Destination {
    return this.#parts.destination;
  }

  /** The fingerprint of the host key that it proved to have, `SHA256:…`. */
  get fingerprint(): string | undefined {
    return this.#master.log.fingerprint;
  }

  /** Whether the host key was known before. */
  get hostKeyKnown(): boolean {
    return this.#master.log.known;
  }

  /** How the login was granted: `publickey`, `password`, … */
  get method(): string | undefined {
    return this.#master.log.method;
  }

  /** Milliseconds that this login waited for the server's greeting. */
  get greetedAfter(): number {
    return this.#master.greetedAfter;
  }

  /** Milliseconds there and back, as this login measured them; near targets seem farther than they are. */
  get roundTrip(): number | undefined {
    return this.#master.log.roundTrip;
  }

  /** Whether the connection has ended. */
  get ended(): boolean {
    return this.#master.ended;
  }

  /** What start-up files of its login shell print before every command, escaped; as far as it was heard. */
  get greeting(): string {
    return this.#greeting;
  }

  /** Hears of what happens in this session. */
  get report(): Report {
    return this.#parts.report;
  }

  /** The ssh options, without spaces in any, that let nix's ssh use this session. */
  get sshOptions(): string {
    return `-F ${this.#parts.folder}/socket.config`;
  }

  /** Runs a program with these words, whatever the login shell; throws a {@linkcode CommandError} if it fails. */
  run(command: readonly string[], options: RemoteOptions = {}): Promise<RunResult> {
    const words = [...(options.become ?? []), ...command];
    if (options.killOnDisconnect) {
      const code = killOnDisconnectCode('"$@"', words);
      const line = commandLine(this.#mark, code);
      if (line.length <= MAX_INLINE) return this.#ssh(line, options, openEnded(""), words);
      return this.#ssh(this.#reading(), options, openEnded(code), words);
    }
    const line = execLine(this.#mark, words);
    if (line.length <= MAX_LINE) return this.#ssh(line, options, "null", words);
    // Thousands of store paths fit into no argument of the local ssh; over the connection they do.
    return this.#ssh(this.#reading(), options, `exec ${quoteAll(words)} </dev/null\n`, words);
  }

  /** Runs a program that reads `stream` as its input. */
  pipe(
    stream: string | ReadableStream<Uint8Array>,
    command: readonly string[],
    options: RemoteOptions = {},
  ): Promise<RunResult> {
    const words = [...(options.become ?? []), ...command];
    return this.#ssh(execLine(this.#mark, words), options, stream, words);
  }

  /**
   * Runs POSIX shell code with `set -eu`. The code goes over the connection as input of `sh`, so it is in no
   * argument list unless it is `inline`; what it runs has an empty input.
   */
  script(text: string, options: ScriptOptions = {}): Promise<RunResult> {
    const { args = [], name = "script", become = [], inline, killOnDisconnect } = options;
    const shown = [...become, name];
    // As a function, the whole is read before any of it runs. What makes us root may have start-up files of its own.
    const code = CLEAN +
      (killOnDisconnect
        ? killOnDisconnectCode(text, args)
        : `main() {\nset -eu\n${text}\n}\nmain ${quoteAll(args)} </dev/null\n`);
    const line = inline ? execLine(this.#mark, [...become, "sh", "-c", code]) : undefined;
    // A server lets nothing be sent before it has started the command.
    if (line !== undefined && line.length <= MAX_INLINE) {
      return this.#ssh(line, options, killOnDisconnect ? openEnded("") : "null", shown);
    }
    const input = killOnDisconnect ? openEnded(code) : code;
    return this.#ssh(this.#reading(become), options, input, shown);
  }

  /** Ends the login and removes the private folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
    await this.#master[Symbol.asyncDispose]();
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
    const [where, { shown = shownWords(words) }] = [this.label, options];
    this.report({ type: "command", command: options.shown ?? words, where });
    let remote: Remote | undefined;
    const result = await run([], {
      ...{ ...options, shown, where, report: silent },
      signal: AbortSignal.any(signals),
      allowFailure: true,
    }, ({ signal }, onStart) => remote = this.#begin(line, { stdin, signal, onStart }));
    // ssh's own failures and a remote exit code 255 look alike; the master tells them apart.
    if (result.code === 255 && await isLost(this.#master)) {
      if (this.#master.refusedCommand && !this.#channels.granted) {
        throw this.#master.log.failure(where);
      }
      throw await remote?.begun || !this.#channels.grantedOne
        ? lostConnection(where, shortCommand(shown))
        : oneCommand(where);
    }
    if (remote && !await remote.begun) throw shellError(where, result.code, remote.noise);
    if (result.code !== 0 && !options.allowFailure) {
      throw commandError(result, {
        where,
        ...(options.hint !== undefined && { hint: options.hint }),
      }, shown);
    }
    return result;
  }

  #begin(line: string, parts: Omit<RemoteParts, "command" | "mark" | "channels">): Remote {
    const config = `${this.#parts.folder}/socket.config`;
    const command = ["ssh", "-F", config, "-T", "--", "target", line];
    const remote = new Remote({ ...parts, command, mark: this.#mark, channels: this.#channels });
    remote.begun.then((begun) => this.#greeting ||= begun ? remote.noise : "");
    return remote;
  }

  /** The command line of a shell that reads its code from its input. */
  #reading(become: readonly string[] = []): string {
    return execLine(this.#mark, [...become, "sh", "-s"]);
  }
}
