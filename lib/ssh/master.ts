/**
 * The one login of a session: an ssh master that runs as our child for as long as the session lives.
 *
 * @module
 */
import { delay, Scope } from "../deadline.ts";
import { ConnectionError } from "../errors.ts";
import { eachLine } from "../lines.ts";
import { type Child, start } from "../process.ts";
import { type Reporter, silent } from "../report/events.ts";
import { optionWords } from "./config.ts";
import { LoginLog } from "./log.ts";

/** How a login is tried. */
export interface MasterOptions {
  /** The machine's name for messages. */
  readonly label: string;
  /** The host argument for ssh. */
  readonly host: string;
  /** The login's options, from {@linkcode loginOptions}. */
  readonly config: readonly string[];
  /** Where the control socket goes. */
  readonly socket: string;
  /** Variables for ssh, such as those that make it ask us for the password. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** How long until the server's greeting, in milliseconds. @default no limit but `deadline` */
  readonly greeting?: number | undefined;
  /** Called when the server has greeted. */
  readonly onGreeted?: (() => void) | undefined;
  /** How long until the login is done, in milliseconds. */
  readonly deadline: number;
  readonly signal?: AbortSignal | undefined;
  readonly report?: Reporter | undefined;
}

/** A master that has logged in. Disposal ends it, and with it every session on it. */
export interface Master extends AsyncDisposable {
  /** What its log has told so far. */
  readonly log: LoginLog;
  /** Whether the connection has ended. */
  readonly ended: boolean;
  /** Resolves when the connection has ended. */
  readonly end: Promise<void>;
  /** Milliseconds from start to the server's greeting. */
  readonly greetedAfter: number;
}

/**
 * Logs in and resolves once other ssh processes can use the socket. Its remote command is `cat` with our
 * end of a pipe as its input: when this process dies, however it dies, `cat` ends, and the connection ends
 * with the last command on it.
 */
export async function logIn(options: MasterOptions): Promise<Master> {
  const { label, host, config, socket, deadline, greeting, report = silent } = options;
  // Not -v, which the ssh of a ProxyJump would be given too: its log would mix with the target's.
  const first = ["LogLevel DEBUG1", "ControlMaster yes", "ControlPersist no", ...config];
  const command = ["ssh", "-S", socket, ...optionWords(first), "--", host, "cat"];
  report({ type: "command", command, where: "here" });
  const log = new LoginLog();
  using scope = new Scope(options.signal);
  const late = () =>
    new ConnectionError(
      `${label}: ${
        log.greeted ? "the login did not end" : "no answer from its ssh server"
      } within ${deadline / 1000} s${log.waitsFor ? `: it waits for ${log.waitsFor}` : ""}`,
      {
        hint: log.waitsFor
          ? "answer it, or log in with a key that needs nobody: -i names one"
          : "check the address and port, and that the machine is up and not overloaded",
      },
    );
  scope.limit(deadline, late);
  const hold = new TransformStream<Uint8Array, Uint8Array>();
  const began = performance.now();
  let greetedAfter = Infinity;
  const child = start(command, {
    stdin: hold.readable,
    ...(options.env && { env: options.env }),
    // Until the login is done; from then on it is up to its owner, who may have to tidy up over it first.
    signal: scope.signal,
  });
  const drained = Promise.all([
    child.stdout.pipeTo(new WritableStream()),
    eachLine(child.stderr, (line) => {
      log.add(line);
      if (log.greeted && greetedAfter === Infinity) {
        greetedAfter = performance.now() - began;
        options.onGreeted?.();
      }
      if (!line.startsWith("debug1: ")) report({ type: "output", source: "ssh", line });
    }),
  ]);
  try {
    while (!(await isSocket(socket))) {
      if (child.ended) {
        await drained;
        throw log.failure(label);
      }
      const waited = performance.now() - began;
      if (greeting !== undefined && !log.greeted && waited > greeting) {
        throw new ConnectionError(
          `${label}: no answer from its ssh server within ${Math.round(waited)} ms`,
          {
            hint: "check that the machine is up",
          },
        );
      }
      // The socket comes a moment after the login.
      await delay(log.method === undefined ? 20 : 3, scope.signal);
    }
  } catch (error) {
    await child.end();
    throw error;
  }
  return new RunningMaster(child, log, greetedAfter);
}

class RunningMaster implements Master {
  readonly end: Promise<void>;

  constructor(readonly child: Child, readonly log: LoginLog, readonly greetedAfter: number) {
    this.end = child.status.then(() => {});
  }

  get ended(): boolean {
    return this.child.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child.end();
  }
}

async function isSocket(path: string): Promise<boolean> {
  try {
    return (await Deno.lstat(path)).isSocket === true;
  } catch {
    return false;
  }
}
