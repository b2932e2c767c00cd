/**
 * Copying closures as fast as the link allows: one question finds what is missing, the target fetches what
 * it can from its own substituters, and all the rest travels in one stream.
 *
 * @module
 */
import { Scope } from "../deadline.ts";
import type { NixOptions } from "../nix/command.ts";
import type { StorePath } from "../plan/store_path.ts";
import type { Report } from "../report/events.ts";
import type { Session } from "../ssh/session.ts";
import { atLeast, commonFormat, type Link, seemsSlow, worthPacking, worthStripes } from "./link.ts";
import { Idle } from "./idle.ts";
import { lookAt } from "./look.ts";
import { sendingOrder, totalSize } from "./order.ts";
import { sendPaths } from "./send.ts";
import type { Dialogue } from "./server.ts";
import { Servers } from "./servers.ts";
import { CHANNELS } from "./stripes.ts";
import { late, Watch, whyFailed } from "./watch.ts";
import { localTools } from "./tools.ts";
import { askClosure, askInfos, askValid } from "./wire.ts";

/** What a copy is made of. */
export interface StreamOptions extends NixOptions {
  readonly root: string;
  readonly substitute: boolean;
  /** Whether the store is known to be new. */
  readonly fresh: boolean;
  /** What is known of the link. */
  readonly link: Link;
  /** How long nothing may move, in milliseconds. */
  readonly stall: number;
  readonly report: Report;
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
    throw await whyFailed(session, error);
  }
}

class Copy {
  readonly servers: Servers;
  readonly #idle: Idle;

  constructor(
    readonly session: Session,
    readonly options: StreamOptions,
    readonly signal: AbortSignal,
    readonly watch: Watch,
  ) {
    this.servers = new Servers(session, options, signal);
    this.#idle = new Idle(session.channels.crowded);
  }

  async run(wanted: readonly StorePath[]): Promise<Copied> {
    const { signal, session, options } = this;
    await using stack = new AsyncDisposableStack();
    // What will be needed is started at once: on a far link each would cost its round trips.
    const here = stack.use(this.servers.here());
    const there = options.fresh ? undefined : stack.use(this.servers.there());
    const look = stack.adopt(new Scope(signal), (scope) => scope.abort(NOT_NEEDED));
    const looking = lookAt(session, options.substitute, options, look.signal);
    looking.catch(() => {});

    const toolsHere = localTools();
    toolsHere.catch(() => {});
    await here.hear((answers) => answers.hello());
    const all = await here.ask(askClosure(wanted), (answers) => answers.texts());
    here.tell(askInfos(all));
    const asked = there && this.#ask(there, all);
    asked?.catch(() => {});
    const infos = await here.hear((answers) => answers.infos());
    const size = totalSize(infos);
    const striped = worthStripes({ ...options.link, rtt: session.roundTrip }, size) &&
      session.channels.limit >= CHANNELS;
    let started = worthPacking(this.#guess(), size)
      ? stack.use(striped ? this.servers.striped() : this.servers.packing())
      : undefined;
    if (started) this.#idle.park(started);
    let plain = there;
    const packing = async () => {
      if (plain) this.#idle.park(plain);
      const receiver = started;
      started = undefined;
      if (receiver && this.#idle.take(receiver) && await receiver.opened) return receiver;
      await receiver?.[Symbol.asyncDispose]();
      return stack.use(this.servers.packing());
    };
    const link = await asked ?? this.#guess();
    this.watch.moved();
    const valid = await there?.hear((answers) => answers.texts()) ?? [];
    let missing: readonly string[] = without(all, valid);
    this.watch.moved();
    if (there) this.#idle.park(there);
    if (missing.length === 0) return { paths: all.length, sent: 0, bytes: 0, substituted: 0 };

    const { tools, substituters } = await looking;
    if (striped && !tools.has("stripes")) started = undefined;
    this.watch.moved();
    const before = missing.length;
    if (substituters.length > 0) missing = await this.#substitute(missing, substituters);
    const toSend = sendingOrder(infos, new Set(missing));
    const bytes = totalSize(toSend);
    if (toSend.length > 0) {
      await sendPaths({
        ...{ infos: toSend, source: here, packing, link, signal },
        plain: async () =>
          plain && this.#idle.take(plain) ? plain : plain = await this.#greeted(stack),
        packed: commonFormat(await toolsHere, tools),
        report: options.report,
        moved: () => this.watch.moved(),
      });
    }
    return {
      paths: all.length,
      sent: toSend.length,
      bytes,
      substituted: before - missing.length,
    };
  }

  /** A server of the target that has greeted. */
  async #greeted(stack: AsyncDisposableStack): Promise<Dialogue> {
    const server = stack.use(this.servers.there());
    await server.hear((answers) => answers.hello());
    return server;
  }

  /** What is believed of the link before the target has answered anything. */
  #guess(): Link {
    const { greetedAfter, roundTrip } = this.session;
    // A greeting takes two round trips, or one by way of others, and the start of a process there.
    return { rtt: Math.max(greetedAfter / 3, atLeast(roundTrip)), ...this.options.link };
  }

  /** Asks a server that was just started which paths it has, and learns of the link what is not known yet. */
  async #ask(there: Dialogue, paths: readonly string[]): Promise<Link> {
    const { roundTrip } = this.session;
    const link = { rtt: roundTrip, ...this.options.link };
    const hello = () => there.hear((answers) => answers.hello());
    if (link.rate !== undefined || seemsSlow({ rtt: atLeast(roundTrip) })) {
      there.tell(askValid(paths));
      await hello();
      return link;
    }
    await hello();
    const began = performance.now();
    there.tell(askValid([]));
    there.tell(askValid(paths));
    await there.hear((answers) => answers.texts());
    return { rtt: performance.now() - began, ...this.options.link };
  }

  /** Lets the target fetch what its substituters have; returns what is still missing. */
  async #substitute(missing: readonly string[], substituters: readonly string[]) {
    const { session, options: { report } } = this;
    const settings = { "substituters": substituters.join(" "), ...PATIENCE };
    const words = Object.entries(settings).flatMap(([name, value]) => ["--option", name, value]);
    try {
      await using server = this.servers.there(words);
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
