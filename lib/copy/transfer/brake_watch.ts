/**
 * Watching what limits a stream to a target.
 *
 * @module
 */
import { Scope } from "../../async.ts";
import { internals, type Session } from "../../ssh/session.ts";
import { type Brake, findBrake, type Signs } from "../policy.ts";
import { SocketQueue } from "./socket_queue.ts";
import { targetLoad } from "./target_load.ts";

/**
 * Milliseconds between two looks at the connection, how many of them count, and milliseconds between them when there are
 * as many. Each costs this machine some: Linux goes through all places that connections may have.
 */
const EVERY = 100;
const LOOKS = 10;
const LATER = 1000;

/** Milliseconds for which a target that says nothing of its load is waited for. */
const PATIENCE = 5000;

/**
 * Bytes that wait here when the link is what they wait for: more than programs leave there between two turns, and less than
 * on "5ms-100Mbit" in bench/results/2026-11-30-brakes.md.
 */
const LEAST = 128 * 1024;
/** Half of what ssh sends before the other end has taken it. */
const MOST = 1024 * 1024;

/** The stream that is watched. */
export interface BrakeWatchOptions {
  /** Bytes a second, as far as they are known. */
  readonly rate: () => number | undefined;
  /** Milliseconds there and back. Default: 0 */
  readonly rtt?: number | undefined;
  readonly signal: AbortSignal;
}

/** Watches one stream, from the start to its disposal. */
export class BrakeWatch implements Disposable {
  readonly #scope: Scope;
  readonly #looks: boolean[] = [];
  #there: Pick<Signs, "unread" | "idleThere"> | undefined;
  /** Whether the connection can be looked at, or may be. */
  #seen = true;
  #idleHere: number | undefined;
  #looking: Promise<void> | undefined;
  #asked = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** For a stream to the target of `session`. It looks at nothing before it is asked. */
  constructor(
    readonly session: Session,
    readonly options: BrakeWatchOptions,
  ) {
    this.#scope = new Scope(options.signal);
  }

  /** Ends the looks: the stream has. What was seen stays. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#scope.abort(OVER);
  }

  /** Ends all that it does. */
  [Symbol.dispose](): void {
    this.stop();
    this.#scope[Symbol.dispose]();
  }

  /**
   * What limits the stream, as far as that can be told; `pending` while that is looked at. The target is asked once, and
   * only when what is seen here does not tell.
   */
  find(): Brake | "pending" | undefined {
    this.#looking ??= this.#look();
    const { length } = this.#looks;
    if (this.#seen && length < LOOKS / 2) return "pending";
    const queued = length === 0 ? undefined : this.#looks.filter(Boolean).length / length;
    const brake = findBrake({ queued, idleHere: this.#idleHere, ...this.#there });
    if (brake === "here" || brake === "there" || this.#there) return brake;
    if (!this.#asked) void this.#ask();
    return "pending";
  }

  async #ask(): Promise<void> {
    this.#asked = true;
    const timer = setTimeout(() => this.#there ??= {}, PATIENCE);
    const there = await targetLoad(this.session, this.#scope.signal);
    clearTimeout(timer);
    this.#there = there;
  }

  async #look(): Promise<void> {
    const { rate, rtt = 0 } = this.options;
    const { signal } = this.#scope;
    const socket = await SocketQueue.of(internals(this.session).pid());
    this.#seen = socket !== undefined;
    if (!socket) return;
    const first = await processorTimes();
    const look = async () => {
      const [waiting, times] = await Promise.all([socket.waiting(), processorTimes()]);
      if (first && times && times.total > first.total) {
        this.#idleHere = (times.idle - first.idle) / (times.total - first.total);
      }
      this.#seen = waiting !== undefined;
      if (waiting === undefined || signal.aborted) return;
      // What is on its way on a far link is no queue; but where all that ssh may send is, the link is what it waits for.
      const flying = 1.5 * (rate() ?? 0) * rtt / 1000;
      this.#looks.push(waiting >= Math.min(MOST, Math.max(LEAST, flying)));
      if (this.#looks.length > LOOKS) this.#looks.shift();
      this.#timer = setTimeout(look, this.#looks.length < LOOKS ? EVERY : LATER);
    };
    await look();
  }
}

const OVER = new Error("the stream has ended");

/** The time of this machine's processors since its boot, and what of it was idle. */
async function processorTimes(): Promise<{ total: number; idle: number } | undefined> {
  const text = await Deno.readTextFile("/proc/stat").catch(() => "");
  const times = /^cpu +((?:\d+ ){8})/.exec(text)?.[1]?.trim().split(" ").map(Number);
  return times && { total: times.reduce((sum, time) => sum + time), idle: times[3] ?? 0 };
}
