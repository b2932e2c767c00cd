/**
 * Logging in to a machine that is about to come up, as soon as its ssh server answers.
 *
 * Patient before frequent: at most two tries are open, each later one waits longer, and one that was greeted
 * is never given up for another. Why two: a connection that something on the way accepted for a machine that
 * was down may never hear of its ssh server, so one waits and the other looks anew.
 *
 * @module
 */
import { delay, Scope } from "../async.ts";
import { HostIdentityError, LoginError } from "../errors.ts";
import type { Destination } from "../plan/destination.ts";
import { stamping } from "../report/events.ts";
import { type Login, type PreparedOptions, prepareLogin } from "./prepare_login.ts";
import { LoginLog } from "./login_log.ts";
import { Pace, type TryKind } from "./pace.ts";
import type { LoginPhase, LoginProgress } from "./login_progress.ts";
import { Session } from "./session.ts";
import { describeEnd, describeTries, type Sighting, Sightings } from "./sightings.ts";
import { type Known, Waiting } from "./waiting.ts";

/** How logins are tried. */
export interface AttemptsOptions {
  /** Milliseconds that an earlier login waited for the greeting. */
  readonly greetedAfter: number;
  /** How long refused logins are tried again, in milliseconds. */
  readonly refusals: number;
  /** Told what is known of the machine whenever that changes: `refuses connections`. */
  readonly onSeen?: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Tries that are open at once. */
const OPEN = 2;

/** Milliseconds that an accepted connection waits for the greeting before it goes for a new one, at first. */
const WAITS = 45_000;
const WAITS_AT_MOST = 180_000;

/** Milliseconds after its greeting when a login that does not get on gets company. */
const HANGS = 20_000;

/** Seconds that ssh itself gives a try. */
const CONNECT_TIMEOUT = 600;
/** … every other one to a name where nothing answers: ssh then goes on to the name's next address. */
const NEXT_ADDRESS = 5;

/** Milliseconds after which ssh should have begun to connect. */
const STARTS = 30_000;

/** Tries to log in until it succeeds. */
export async function logInSoon(
  destination: Destination,
  options: PreparedOptions,
  { greetedAfter, refusals, onSeen = () => {}, signal }: AttemptsOptions,
): Promise<Session> {
  const login = await prepareLogin(destination, options);
  const tries = new Tries(login, new Pace(greetedAfter), signal);
  const report = stamping(options.report);
  const sightings = new Sightings(login.label, report);
  using waiting = new Waiting(report, login.stage, login.attended);
  tries.onChange = () => waiting.tell(tries.known);
  let session: Session | undefined;
  try {
    let refusedSince: number | undefined;
    while (!session) {
      tries.beginDue();
      onSeen(tries.seen.text);
      sightings.see(tries.seen);
      waiting.tell(tries.known);
      const ended = await tries.next();
      if (ended instanceof Session) session = ended;
      else signal.throwIfAborted();
      if (ended instanceof HostIdentityError) throw ended;
      if (ended instanceof LoginError) {
        refusedSince ??= performance.now();
        if (performance.now() - refusedSince > refusals) throw ended;
      }
    }
    return session;
  } finally {
    tries.onChange = undefined;
    await tries[Symbol.asyncDispose]();
    if (!session) await login[Symbol.asyncDispose]();
  }
}

/** One ssh process. */
class Try {
  readonly log: LoginLog = new LoginLog();
  readonly scope: Scope;
  done: Promise<void> = Promise.resolve();

  /** `patience` is how many milliseconds it may wait for the greeting when another is there to look anew. */
  constructor(parent: AbortSignal, readonly patience: number) {
    this.scope = new Scope(parent);
  }

  /** Milliseconds since it came as far as it is. */
  get age(): number {
    return performance.now() - this.log.progress.since;
  }

  at(phase: LoginPhase): boolean {
    return this.log.progress.at(phase);
  }
}

class Tries implements AsyncDisposable {
  /** From the oldest to the youngest. */
  readonly #open = new Set<Try>();
  readonly #ended: (Session | Error)[] = [];
  #changed = Promise.withResolvers<void>();
  #last: { kind: TryKind; at: number; text: string } | undefined;
  #count = 0;
  #waits = WAITS;
  #accepted = false;
  /** Called whenever one of them has come farther. */
  onChange: (() => void) | undefined;

  constructor(readonly login: Login, readonly pace: Pace, readonly signal: AbortSignal) {}

  /** What is known of the machine. */
  get seen(): Sighting {
    return describeTries([...this.#open].map(({ log }) => log.progress), this.#last);
  }

  /** The same, and whether ssh may ask somebody. */
  get known(): Known {
    const greeted = [...this.#open].filter((one) => one.at("greeted"));
    const asking = greeted.some(({ log }) => log.progress.asking);
    return { text: `it ${this.seen.text}`, mayAsk: greeted.length > 0, asking };
  }

  /** Begins one more if it is time, perhaps in the place of one that leads to nothing. */
  beginDue(): void {
    this.#endHanging();
    const { at, kind } = this.#due();
    if (performance.now() < at) return;
    if (this.#open.size >= OPEN) {
      const victim = this.#victim();
      if (victim.at("connected") && victim.age > this.#waits) {
        this.#waits = Math.min(1.5 * this.#waits, WAITS_AT_MOST);
      }
      this.#drop(victim);
    }
    if (kind) this.pace.count(kind);
    const one = new Try(this.signal, this.#waits);
    one.log.progress.onChange = () => this.onChange?.();
    this.#open.add(one);
    one.done = this.#run(one);
  }

  /** How a try ended that was not ended from here; nothing when it is time to look whether one is due. */
  async next(): Promise<Session | Error | undefined> {
    if (this.#ended.length === 0) {
      using wait = new Scope(this.signal);
      const ms = Math.min(Math.max(this.#due().at - performance.now(), 1), 200);
      await Promise.race([delay(ms, wait.signal).catch(() => {}), this.#changed.promise]);
      wait.abort(OVER);
    }
    this.#changed = Promise.withResolvers();
    return this.#ended.shift();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const open = [...this.#open];
    for (const one of open) this.#drop(one);
    await Promise.all(open.map(({ done }) => done));
  }

  /** When the next try is to begin, and after what kind of pause. */
  #due(): { at: number; kind?: TryKind } {
    const last = this.#last;
    const after = last ? last.at + this.pace.pause(last.kind) : 0;
    const youngest = [...this.#open].at(-1);
    if (!youngest) return { at: after, ...(last && { kind: last.kind }) };
    const { since } = youngest.log.progress;
    const greeted = [...this.#open].filter((one) => one.at("greeted"));
    if (greeted.length > 0) {
      // A login that waits for a person, or for what the server asks elsewhere, is the only one.
      const stuck = this.#open.size < OPEN && !greeted.some((one) => one.at("login"));
      return { at: stuck ? Math.max(after, since + HANGS) : Infinity, kind: "silent" };
    }
    const kind = youngest.at("connected") ? "silent" : "unanswered";
    const own = since + (youngest.at("connecting") ? this.pace.pause(kind) : STARTS);
    return last && after > own ? { at: after, kind: last.kind } : { at: own, kind };
  }

  /** The one that goes for a new one: none that anything has accepted while there is another. */
  #victim(): Try {
    const open = [...this.#open];
    const [oldest, youngest] = [open[0]!, open.at(-1)!];
    const unanswered = open.find((one) => !one.at("connected"));
    return unanswered ?? (oldest.age > oldest.patience ? oldest : youngest);
  }

  /** Gives up logins that were greeted and have not ended in the time that a login may take. */
  #endHanging(): void {
    for (const one of this.#open) {
      const { greetedAt, unfinished = "" } = one.log.progress;
      if (greetedAt === undefined) continue;
      if (performance.now() - greetedAt < this.login.timeout) continue;
      this.#drop(one);
      this.#last = { kind: "broken", at: performance.now(), text: unfinished };
    }
  }

  #drop(one: Try): void {
    this.#open.delete(one);
    one.scope.abort(OVER);
  }

  async #run(one: Try): Promise<void> {
    const { log, scope: { signal } } = one;
    this.#accepted ||= [...this.#open].some((other) => other.at("connected"));
    const unheard = this.login.named && !this.#accepted && this.#count++ % 2 === 1;
    try {
      const session = await this.login.attempt({
        log,
        connectTimeout: unheard ? NEXT_ADDRESS : CONNECT_TIMEOUT,
        // The others would only cost the server.
        onGreeted: () => {
          for (const other of this.#open) if (!other.at("greeted")) this.#drop(other);
        },
        signal,
      });
      this.#ended.push(session);
    } catch (error) {
      if (!signal.aborted) {
        const kind = kindOf(error, log.progress);
        this.#last = { kind, at: performance.now(), text: describeEnd(kind, log.progress) };
        this.#ended.push(error as Error);
      }
    } finally {
      this.#accepted ||= one.at("connected");
      this.#open.delete(one);
      one.scope[Symbol.dispose]();
      this.#changed.resolve();
    }
  }
}

function kindOf(error: unknown, { ending, indirect, throttled }: LoginProgress): TryKind {
  if (error instanceof LoginError) return "denied";
  if (ending !== "turned away") return ending;
  return throttled ? "throttled" : indirect ? "turned away on the way" : "turned away";
}

const OVER = new Error("another try goes on");
