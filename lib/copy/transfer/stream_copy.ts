/**
 * Copying closures in one stream: one request finds what is missing, the target fetches what it can from its own
 * substituters, and the rest is sent.
 *
 * @module
 */
import { Scope } from "../../async.ts";
import type { NixOptions } from "../../nix/command.ts";
import type { StorePath } from "../../plan/store_path.ts";
import type { Report, Stage } from "../../report/events.ts";
import { internals, type Session } from "../../ssh/session.ts";
import { chooseFormat, FAR, type Link } from "../policy.ts";
import { referencesFirst, totalSize } from "../protocol/path_order.ts";
import { requestClosure, requestInfos, requestValid } from "../protocol/serve_requests.ts";
import { BrakeWatch } from "./brake_watch.ts";
import { localCompressors } from "./compressor.ts";
import { IdleServers } from "./idle_servers.ts";
import { leastRoundTrip } from "./link_meter.ts";
import { sendPaths } from "./send_paths.ts";
import type { ServeClient } from "./serve_client.ts";
import { classify, stallError, StallTimer } from "./stall_timer.ts";
import { StoreServers } from "./store_servers.ts";
import { substitute } from "./substitution.ts";
import { probeTarget } from "./target_probe.ts";

/** What a copy is made of. */
export interface StreamCopyOptions extends NixOptions {
  readonly root: string;
  readonly substitute: boolean;
  /** Whether the store is known to be new. */
  readonly fresh: boolean;
  /** What is known of the link. */
  readonly link: Link;
  /** How long nothing may move, in milliseconds. */
  readonly stall: number;
  /** The stage that the copy belongs to. */
  readonly stage: Stage;
  /** The words that make a command of the target run as root. Default: [] */
  readonly become?: readonly string[] | undefined;
  readonly report: Report;
  /** How the format is chosen. Default: {@linkcode chooseFormat} */
  readonly policy?: typeof chooseFormat | undefined;
}

/** What a copy did. */
export interface Copied {
  /** Paths of the closure. */
  readonly paths: number;
  /** Paths that were sent from here. */
  readonly sent: number;
  /** Paths that the target fetched from its substituters. */
  readonly substituted: number;
}

/** Copies closures from the store of this machine in one stream. */
export async function copyByStream(
  session: Session,
  wanted: readonly StorePath[],
  options: StreamCopyOptions,
): Promise<Copied> {
  using scope = new Scope(options.signal);
  const { timeout } = options;
  if (timeout !== undefined) {
    scope.limit(
      timeout,
      () => stallError(session.label, `store paths were not copied within ${timeout / 1000} s`),
    );
  }
  try {
    using timer = new StallTimer(scope, options.stall, session.label);
    return await new StreamCopy(session, options, scope.signal, timer).run(wanted);
  } catch (error) {
    // Whatever failed: when the copy was ended, that is why.
    scope.signal.throwIfAborted();
    throw await classify(session, error);
  }
}

class StreamCopy {
  readonly #servers: StoreServers;
  readonly #idle: IdleServers;

  constructor(
    readonly session: Session,
    readonly options: StreamCopyOptions,
    readonly signal: AbortSignal,
    readonly timer: StallTimer,
  ) {
    this.#servers = new StoreServers(session, options, signal);
    this.#idle = new IdleServers(internals(session).channels.crowded);
  }

  async run(wanted: readonly StorePath[]): Promise<Copied> {
    const { signal, session, options } = this;
    const { policy = chooseFormat } = options;
    await using stack = new AsyncDisposableStack();
    // What will be needed is started at once: on a far link each would cost its round trips.
    const local = stack.use(this.#servers.local());
    const remote = options.fresh ? undefined : stack.use(this.#servers.remote());
    const probe = stack.adopt(new Scope(signal), (scope) => scope.abort(NOT_NEEDED));
    const probing = probeTarget(session, options.substitute, options, probe.signal);
    probing.catch(() => {});

    const looking = localCompressors();
    await local.read((answers) => answers.greeting());
    const all = await local.request(requestClosure(wanted), (answers) => answers.texts());
    local.write(requestInfos(all));
    const asked = remote && this.#requestValid(remote, all);
    asked?.catch(() => {});
    const infos = await local.read((answers) => answers.infos());
    const here = await looking;
    const guess = policy({ link: this.#guess(), bytes: totalSize(infos), here });
    const early = guess === "none" ? undefined : stack.use(this.#servers.receiver());
    if (early) this.#idle.park(early);
    const link = await asked ?? this.#guess();
    this.timer.moved();
    const valid = await remote?.read((answers) => answers.texts()) ?? [];
    let missing: readonly string[] = without(all, valid);
    this.timer.moved();
    if (remote) this.#idle.park(remote);
    if (missing.length === 0) return { paths: all.length, sent: 0, substituted: 0 };

    const { tools: there, substituters } = await probing;
    this.timer.moved();
    const before = missing.length;
    if (substituters.length > 0) {
      const { stall, stage, report, become } = options;
      missing = await substitute(session, missing, {
        ...{ servers: this.#servers, substituters, stall, stage, report, become, signal },
        moved: () => this.timer.moved(),
      });
    }
    const toSend = referencesFirst(infos, new Set(missing));
    const receiver = async (format: string) => {
      const idle = format === "none" ? remote : early;
      if (idle && this.#idle.take(idle)) return idle;
      if (format !== "none") return stack.use(this.#servers.receiver());
      const server = stack.use(this.#servers.remote());
      await server.read((answers) => answers.greeting());
      return server;
    };
    await sendPaths({
      ...{ infos: toSend, source: local, receiver, link, signal },
      ...{ stage: options.stage, report: options.report },
      choose: (link, bytes, brake) => policy({ link, brake, bytes, here, there }),
      watch: (rate) => new BrakeWatch(session, { rate, rtt: link.rtt, signal }),
      moved: () => this.timer.moved(),
    });
    return { paths: all.length, sent: toSend.length, substituted: before - missing.length };
  }

  /** What is believed of the link before the target has answered anything. */
  #guess(): Link {
    const { greetedAfter, roundTrip } = this.session;
    // A greeting takes two round trips, or one by way of others, and the start of a process there: of a machine that has
    // just booted, or is busy, it tells little. What an earlier copy has measured is better.
    const believed = Math.max(greetedAfter / 3, leastRoundTrip(roundTrip));
    return { rtt: measured.get(this.session) ?? believed, ...this.options.link };
  }

  /** Requests which paths a server that was just started has, and measures the round trip where it is not known. */
  async #requestValid(remote: ServeClient, paths: readonly string[]): Promise<Link> {
    const link = {
      rtt: measured.get(this.session) ?? this.session.roundTrip,
      ...this.options.link,
    };
    const far = (measured.get(this.session) ?? leastRoundTrip(this.session.roundTrip)) > FAR;
    if (link.rate !== undefined || far) {
      remote.write(requestValid(paths));
      await remote.read((answers) => answers.greeting());
      return link;
    }
    await remote.read((answers) => answers.greeting());
    let rtt = this.session.roundTrip ?? Infinity;
    // A busy machine is late too, and not twice by the same time.
    for (let [tries, last] = [0, 0]; tries < 5 && rtt > FAR; tries++) {
      const began = performance.now();
      await remote.request(requestValid([]), (answers) => answers.texts());
      const took = performance.now() - began;
      rtt = Math.min(rtt, took);
      if (Math.abs(took - last) < 0.1 * took) break;
      last = took;
    }
    measured.set(this.session, rtt);
    remote.write(requestValid(paths));
    return { rtt, ...this.options.link };
  }
}

/** Round trips that were measured, in milliseconds. */
const measured = new WeakMap<Session, number>();

const NOT_NEEDED = new Error("the probe is not needed any more");

function without(all: readonly string[], these: readonly string[]): string[] {
  const set = new Set(these);
  return all.filter((one) => !set.has(one));
}
