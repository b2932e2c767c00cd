/**
 * What sessions are made of, and how commands are run in them.
 *
 * @module
 */
import type { AcceptedKey } from "./accepted_key.ts";
import type { KnownAs } from "./known_hosts.ts";
import type { Destination } from "../plan/destination.ts";
import type { Child } from "../process.ts";
import type { Report } from "../report/events.ts";
import type { Master } from "./master.ts";
import type { LoginOptions } from "./login_options.ts";

/** How a command is run on a target; everything has a default. */
export interface RemoteOptions {
  /** How long it may take, in milliseconds. Default: no limit but the signals */
  readonly timeout?: number | undefined;
  /** Ends it when aborted. */
  readonly signal?: AbortSignal | undefined;
  /** Called for each line of its outputs. */
  readonly onLine?: ((line: string, stream: "stdout" | "stderr") => void) | undefined;
  /** Whether a failure is returned instead of thrown. Default: false */
  readonly allowFailure?: boolean | undefined;
  /** What to do next when it fails: a sentence, or what makes one of its output. */
  readonly hint?: string | ((output: string) => string) | undefined;
  /** The words that messages show in the place of its own. */
  readonly shown?: readonly string[] | undefined;
  /** The words that make a command run as root, from {@linkcode Facts.become}. Default: [] */
  readonly become?: readonly string[] | undefined;
  /** Whether it runs though the session's own signal was aborted: for tidying up. Default: false */
  readonly evenIfAborted?: boolean | undefined;
  /** Whether it is ended there too when it is given up here or the connection is lost. Default: false */
  readonly killOnDisconnect?: boolean | undefined;
}

/** What {@linkcode Session.script} takes besides its text. */
export interface ScriptOptions extends RemoteOptions {
  /** The script's `$1`, `$2`, … Default: [] */
  readonly args?: readonly string[] | undefined;
  /** What the script is called in messages. Default: "script" */
  readonly name?: string | undefined;
  /** Whether text and arguments may be seen in lists of processes: a round trip less. Default: false */
  readonly inline?: boolean | undefined;
}

/** A program on a target that runs or waits for its turn. Disposal ends it here and waits for its end. */
export interface RemoteChild
  extends Pick<Child, "status" | "fed" | "ended" | "stdout" | "stderr" | "end">, AsyncDisposable {
  /** Whether the program was begun there; known when `status` is at the latest. */
  readonly begun: Promise<boolean>;
}

/** How many commands may run in a session at the same time. */
export interface SessionChannels {
  /** Resolves when a command has to wait for another one's end. */
  readonly crowded: Promise<void>;
  /** Waits for the right to run one more; disposal gives it back. */
  enter(signal: AbortSignal): Promise<Disposable>;
}

/** What this module knows of a session besides what everybody may know. */
export interface SessionInternals {
  /** How it was logged in, for logging in again after a boot. */
  readonly login: LoginOptions;
  /** What known_hosts files call the target, and which files these are. */
  readonly knownAs: KnownAs;
  /** The key that the login was granted for, where it was by key and ssh tells. */
  readonly acceptedKey: AcceptedKey | undefined;
  /** The process id of the ssh that holds the connection. */
  readonly pid: () => number;
  /** How many of its commands may run at once, and who waits for that. */
  readonly channels: SessionChannels;
  /** Disposes of `resource` together with the session. */
  readonly own: (resource: AsyncDisposable) => void;
  /**
   * Starts a program and leaves it to the caller, who reads its outputs and disposes of it. It waits until the server
   * grants it a channel.
   */
  readonly start: (
    command: readonly string[],
    stdin?: "null" | ReadableStream<Uint8Array>,
  ) => RemoteChild;
}

/** What a session is made of; {@linkcode connect} makes one. */
export interface SessionParts {
  readonly label: string;
  readonly destination: Destination;
  readonly master: Master;
  /** Logs in once more, without a command of the login's own, and puts that login in the place of the first. */
  readonly logInBare: () => Promise<Master>;
  /** What ssh made of the host's name, and where it keeps host keys. */
  readonly resolved: KnownAs;
  /** How it was logged in, for logging in again. */
  readonly options: LoginOptions;
  /** The private folder, removed at disposal. */
  readonly folder: string;
  readonly report: Report;
}
