/**
 * The one login of a session: an ssh master that runs as our child for as long as the session lives.
 *
 * @module
 */
import { delay, Scope, within } from "../async.ts";
import { eachLine } from "../lines.ts";
import { isPermitted } from "../permission.ts";
import { type Child, start } from "../process.ts";
import { type Report, silent } from "../report/events.ts";
import { FIRST_OPTIONS, optionWords } from "./config.ts";
import { LoginLog } from "./login_log.ts";
import { endProxies } from "./proxies.ts";

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
  /** Where its log goes, for who wants to see how far it is. Default: one of its own */
  readonly log?: LoginLog | undefined;
  /** Called when the server has greeted. */
  readonly onGreeted?: (() => void) | undefined;
  /** Ends the login: every login has somebody who limits it. */
  readonly signal: AbortSignal;
  readonly report?: Report | undefined;
  /** Whether it has no command of its own, for servers that grant one session at a time. Default: false */
  readonly bare?: boolean | undefined;
  /** Whether programs or machines on the way have a log of their own, which is not the target's. Default: false */
  readonly proxied?: boolean | undefined;
}

/** Milliseconds after the greeting until it is told what a login waits for. */
const TOLD_AFTER = 15_000;

/** A master that has logged in. Disposal ends it, and with it every session on it. */
export interface Master extends AsyncDisposable {
  /** What its log has told so far. */
  readonly log: LoginLog;
  /** The process id of its ssh. */
  readonly pid: number;
  /** Whether the connection has ended. */
  readonly ended: boolean;
  /** Resolves when the connection has ended. */
  readonly end: Promise<void>;
  /** Whether the login's own command has ended, which it never should while the connection is there. */
  readonly refusedCommand: boolean;
  /** Milliseconds from start to the server's greeting. */
  readonly greetedAfter: number;
}

/**
 * Logs in and resolves once other ssh processes can use the socket. Its remote command is `cat` with our
 * end of a pipe as its input: when this process dies, however it dies, `cat` ends, and the connection ends
 * with the last command on it.
 */
export async function logIn(options: MasterOptions): Promise<Master> {
  const { label, host, config, socket, report = silent } = options;
  // Not -v, which the ssh of a ProxyJump would be given too. What that one logs of the machine on the way, as the user's
  // ssh config says, goes to the error output; with -E our log goes elsewhere.
  const apart = options.proxied ? ["-E", "/dev/stdout"] : [];
  const words = ["ssh", ...apart, "-S", socket, ...optionWords([...FIRST_OPTIONS, ...config])];
  const command = options.bare ? bareCommand(words, host) : [...words, "--", host, "cat"];
  report({ type: "command", command, where: "here" });
  const { log = new LoginLog() } = options;
  using scope = new Scope(options.signal);
  const hold = new TransformStream<Uint8Array, Uint8Array>();
  const began = performance.now();
  let greetedAfter = Infinity;
  let next = TOLD_AFTER;
  const ssh: { pid?: number } = {};
  if (options.proxied) {
    // Before ssh itself is ended: afterwards nobody knows whose they were.
    scope.signal.addEventListener("abort", () => {
      if (ssh.pid !== undefined && log.method === undefined) endProxies(ssh.pid);
    });
  }
  const child = start(command, {
    stdin: hold.readable,
    ...(options.env && { env: options.env }),
    // Until the login is done; from then on it is up to its owner, who may have to tidy up over it first.
    signal: scope.signal,
  });
  ssh.pid = child.pid;
  const tell = (line: string) => {
    if (!/^(debug[1-3]: |channel \d+: open failed: )/.test(line)) {
      report({ type: "output", source: "ssh", line });
    }
  };
  const read = (line: string) => {
    log.add(line);
    if (log.greeted && greetedAfter === Infinity) {
      greetedAfter = performance.now() - began;
      options.onGreeted?.();
    }
    tell(line);
  };
  const drained = Promise.all([
    // Its command says nothing: what comes, besides the log, is said by the login shell.
    eachLine(child.stdout, (line) => {
      if (options.proxied && log.method === undefined) read(line);
      else if (!options.proxied || !/^debug1: /.test(line)) log.hear(line);
    }),
    eachLine(child.stderr, (line) => {
      if (!options.proxied) return read(line);
      log.overhear(line);
      tell(line);
    }),
  ]);
  try {
    while (!(await isSocket(socket))) {
      if (child.ended) {
        await drained;
        throw log.failure(label);
      }
      const waited = log.progress.greetedAt;
      if (waited !== undefined && performance.now() - waited > next) {
        next *= 3;
        report({ type: "log", level: "info", text: `${label}: ${log.progress.unfinished}` });
      }
      // The socket comes a moment after the login.
      await delay(log.method === undefined ? 20 : 3, scope.signal);
    }
    // How it was granted stands in the log before that, and the log may be read later.
    for (let tries = 0; log.method === undefined && tries < 50 && !child.ended; tries++) {
      await delay(10, scope.signal);
    }
  } catch (error) {
    await child.end();
    throw error;
  }
  return new RunningMaster(
    child,
    log,
    greetedAfter,
    options.bare ? await tether(child.pid) : undefined,
  );
}

class RunningMaster implements Master {
  readonly end: Promise<void>;
  refusedCommand = false;

  constructor(
    readonly child: Child,
    readonly log: LoginLog,
    readonly greetedAfter: number,
    readonly tether: Child | undefined,
  ) {
    this.end = child.status.then(({ code, signal }) => {
      // 255 is ssh's own, as when the connection is lost.
      this.refusedCommand = signal === null && code !== 255;
    });
  }

  get pid(): number {
    return this.child.pid;
  }

  get ended(): boolean {
    return this.child.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.tether?.end();
    await this.child.end();
  }
}

/** The words of a master without a command of its own. */
function bareCommand(words: readonly string[], host: string): string[] {
  // -N contradicts the option, in the order in which they stand.
  const rest = words.filter((word, at) =>
    word !== "SessionType default" && !(word === "-o" && words[at + 1] === "SessionType default")
  );
  return [...rest, "-N", "--", host];
}

/** Ends the process when this one ends, however it does: with no command there is nothing else to notice it. */
async function tether(pid: number): Promise<Child | undefined> {
  if (!await isPermitted("sh")) return undefined;
  const code = 'cat >/dev/null; kill "$1"';
  const hold = new TransformStream<Uint8Array, Uint8Array>();
  const child = start(["sh", "-c", code, "tether", `${pid}`], { stdin: hold.readable });
  for (const output of [child.stdout, child.stderr]) {
    output.pipeTo(new WritableStream()).catch(() => {});
  }
  return child;
}

/** Whether the connection has ended: the master needs a moment to notice what its client has seen already. */
export async function isLost(master: Master): Promise<boolean> {
  await within(master.end, 300);
  return master.ended;
}

async function isSocket(path: string): Promise<boolean> {
  try {
    return (await Deno.lstat(path)).isSocket === true;
  } catch {
    return false;
  }
}
