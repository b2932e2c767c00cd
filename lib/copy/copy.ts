/**
 * Copying closures as fast as the link allows: one question finds what is missing, the target fetches what
 * it can from its own substituters, and all the rest travels in one stream.
 *
 * @module
 */
import { Scope } from "../deadline.ts";
import { AnswerError, ConnectionError } from "../errors.ts";
import { type NixOptions, settingArgs } from "../nix/command.ts";
import type { StorePath } from "../plan/store_path.ts";
import { start } from "../process.ts";
import type { Reporter } from "../report/events.ts";
import type { Session } from "../ssh/session.ts";
import { commonFormat, type Link } from "./link.ts";
import { lookAt } from "./look.ts";
import { sendingOrder, totalSize } from "./order.ts";
import { Receiver } from "./receiver.ts";
import { sendPaths } from "./send.ts";
import { Dialogue } from "./server.ts";
import { AGAIN, late, Watch } from "./watch.ts";
import { localTools } from "./tools.ts";
import { askClosure, askInfos, askValid } from "./wire.ts";

/** What a copy is made of. */
export interface StreamOptions extends NixOptions {
  readonly root: string;
  readonly substitute: boolean;
  /** What is known of the link. */
  readonly link: Link;
  /** How long nothing may move, in milliseconds. */
  readonly stall: number;
  readonly report: Reporter;
}

/** What a copy did. */
export interface Copied {
  /** Paths of the closure. */
  readonly paths: number;
  /** Paths that were sent from here. */
  readonly sent: number;
  /** Bytes of their archives. */
  readonly bytes: number;
  /** Paths that the target fetched from its substituters. */
  readonly substituted: number;
}

/** Copies closures from the store of this machine in one stream. */
export async function copyByStream(
  session: Session,
  wanted: readonly StorePath[],
  options: StreamOptions,
): Promise<Copied> {
  using scope = new Scope(options.signal);
  const { deadline } = options;
  if (deadline !== undefined) {
    scope.limit(
      deadline,
      () => late(session.label, `store paths were not copied within ${deadline / 1000} s`),
    );
  }
  try {
    using watch = new Watch(scope, options.stall, session.label);
    return await new Copy(session, options, scope.signal, watch).run(wanted);
  } catch (error) {
    // Whatever failed: when the copy was ended, that is why.
    scope.signal.throwIfAborted();
    if (await ends(session)) {
      throw new ConnectionError(
        `${session.label}: the connection was lost while store paths were copied`,
        {
          hint: `check the network and the machine, ${AGAIN}`,
          cause: error,
        },
      );
    }
    throw error;
  }
}

class Copy {
  constructor(
    readonly session: Session,
    readonly options: StreamOptions,
    readonly signal: AbortSignal,
    readonly watch: Watch,
  ) {}

  async run(wanted: readonly StorePath[]): Promise<Copied> {
    const { signal, session, options } = this;
    await using stack = new AsyncDisposableStack();
    // Everything that may be needed is started at once: on a far link each would cost its round trips.
    const here = stack.use(this.#here());
    const there = stack.use(this.#there([]));
    // A server of its own, since the first one remembers what was not there.
    const verifier = stack.use(this.#there([]));
    const another = () =>
      new Receiver(session, { command: this.#command([]), report: options.report, signal });
    const receiver = stack.use(another());
    const look = stack.adopt(new Scope(signal), (scope) => scope.abort(NOT_NEEDED));
    const looking = lookAt(session, options.substitute, options, look.signal);
    looking.catch(() => {});

    const closure = this.#closure(here, wanted);
    const greeting = this.#greet(there);
    const [infos, { answered }] = await Promise.all([closure, greeting]);
    const all = infos.map(({ path }) => path);
    there.tell(askValid(all));
    const link = { rtt: await answered, ...options.link };
    this.watch.moved();
    let missing: readonly string[] = without(all, await there.hear((answers) => answers.texts()));
    this.watch.moved();
    if (missing.length === 0) return { paths: all.length, sent: 0, bytes: 0, substituted: 0 };

    const { tools, substituters } = await looking;
    this.watch.moved();
    const before = missing.length;
    if (substituters.length > 0) missing = await this.#substitute(missing, substituters);
    const toSend = sendingOrder(infos, new Set(missing));
    const bytes = totalSize(toSend);
    if (toSend.length > 0) {
      await sendPaths({
        ...{ infos: toSend, source: here, receiver, another, link, signal },
        packed: commonFormat(await localTools(), tools),
        report: options.report,
        moved: () => this.watch.moved(),
      });
      await this.#verify(verifier, toSend.map(({ path }) => path));
    }
    return {
      paths: all.length,
      sent: toSend.length,
      bytes,
      substituted: before - missing.length,
    };
  }

  #here(): Dialogue {
    const command = ["nix-store", ...settingArgs(this.options), "--serve"];
    const { options: { report }, signal } = this;
    report({ type: "command", command, where: "here" });
    const begin = (stdin: ReadableStream<Uint8Array>) => start(command, { stdin });
    return new Dialogue(begin, { command, where: "here", report, signal });
  }

  #there(settings: readonly string[]): Dialogue {
    const { session, options: { report }, signal } = this;
    const command = this.#command(settings);
    const begin = (stdin: ReadableStream<Uint8Array>) => session.start(command, stdin);
    return new Dialogue(begin, { command, where: session.label, report, signal });
  }

  #command(settings: readonly string[]): string[] {
    const { root } = this.options;
    const store = root === "/" ? [] : ["--store", `local?root=${root}`];
    return ["nix-store", ...settingArgs(this.options), ...settings, ...store, "--serve", "--write"];
  }

  async #closure(here: Dialogue, wanted: readonly StorePath[]) {
    await here.hear((answers) => answers.hello());
    const paths = await here.ask(askClosure(wanted), (answers) => answers.texts());
    return await here.ask(askInfos(paths), (answers) => answers.infos());
  }

  /** Waits for the target's server and asks it something; how long the answer takes is the round trip. */
  async #greet(there: Dialogue): Promise<{ answered: Promise<number> }> {
    await there.hear((answers) => answers.hello());
    const began = performance.now();
    const answer = there.ask(askValid([]), (answers) => answers.texts());
    const answered = answer.then(() => performance.now() - began);
    answered.catch(() => {});
    return { answered };
  }

  /** Lets the target fetch what its substituters have; returns what is still missing. */
  async #substitute(missing: readonly string[], substituters: readonly string[]) {
    const { session, options: { report } } = this;
    const settings = { "substituters": substituters.join(" "), ...PATIENCE };
    const words = Object.entries(settings).flatMap(([name, value]) => ["--option", name, value]);
    try {
      await using server = this.#there(words);
      await server.hear((answers) => answers.hello());
      const pulse = setInterval(() => this.watch.moved(), 1000);
      try {
        const valid = await server.ask(askValid(missing, true), (answers) => answers.texts());
        return without(missing, valid);
      } finally {
        clearInterval(pulse);
      }
    } catch (error) {
      this.signal.throwIfAborted();
      const why = error instanceof Error ? error.message : String(error);
      const text = `${session.label}: its substituters are not used: ${why}`;
      report({ type: "log", level: "warning", text });
      return missing;
    }
  }

  async #verify(server: Dialogue, paths: readonly string[]): Promise<void> {
    await server.hear((answers) => answers.hello());
    const valid = await server.ask(askValid(paths), (answers) => answers.texts());
    const lacking = without(paths, valid);
    if (lacking.length === 0) return;
    throw new AnswerError(`${this.session.label}: ${lacking[0]} did not arrive`, {
      hint: "see nix's own output on the target",
    });
  }
}

const NOT_NEEDED = new Error("the look is not needed any more");

/** What keeps a substituter from being waited for: what it does not give is sent from here. */
const PATIENCE = {
  "connect-timeout": "3",
  "stalled-download-timeout": "15",
  "download-attempts": "2",
  "keep-going": "true",
};

function without(all: readonly string[], these: readonly string[]): string[] {
  const set = new Set(these);
  return all.filter((one) => !set.has(one));
}

/** Whether a session has ended, or does so in a moment. */
async function ends(session: Session): Promise<boolean> {
  for (let tries = 0; tries < 6 && !session.ended; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return session.ended;
}
