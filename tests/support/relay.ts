/**
 * A slow, narrow or failing network between two programs on this machine: a relay for TCP connections.
 *
 * What it cannot do: both ends talk TCP to the relay over loopback, so nothing is lost or reordered, there
 * is no slow start, and a connection has its whole window from the first byte. The window stands for what a
 * well tuned TCP keeps in flight; a link of this kind is what a good network is after its first second.
 *
 * @module
 */

/** What a relay is like; only `to` is needed. */
export interface RelayOptions {
  /** Where connections lead. */
  readonly to: { readonly host: string; readonly port: number };
  /** How long a byte takes one way, in milliseconds: half of the round trip. @default 0 */
  readonly delayMs?: number;
  /** How many bytes a second pass each way, of all connections together. @default no limit */
  readonly bytesPerSecond?: number;
  /** Bytes of one connection that are on their way at most, each way. @default twice what fills the link, at most 4 MiB */
  readonly windowBytes?: number;
  /** Cuts all connections, once, when so many bytes have gone to the target. @default never */
  readonly cutAfterBytes?: number;
  /** Freezes when so many bytes have gone to the target. @default never */
  readonly freezeAfterBytes?: number;
  /** The address to listen on. @default "127.0.0.1" */
  readonly hostname?: string;
}

/** A running relay. Disposal ends it and its connections. */
export interface Relay extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** Bytes that have gone to the target. */
  readonly sent: number;
  /** Bytes that have come from the target. */
  readonly received: number;
  /** Connections that were made so far. */
  readonly connections: number;
  /** How often the target has answered: its bytes came after bytes to it. A wait for one of these is a round trip. */
  readonly turns: number;
  /** Ends all connections at once; new ones are let through. */
  cut(): void;
  /** Lets nothing through any more, and ends nothing: as when a cable is pulled. */
  freeze(): void;
  /** Ends the freeze; what was on its way arrives. */
  thaw(): void;
}

const MOST = 4 * 1024 * 1024;
const CHUNK = 64 * 1024;

/** Starts a relay on a free port of the loopback. */
export function startRelay(options: RelayOptions): Promise<Relay> {
  return Promise.resolve(new RunningRelay(options));
}

class RunningRelay implements Relay {
  readonly #options: RelayOptions;
  readonly #listener: Deno.TcpListener;
  readonly #open = new Set<Deno.TcpConn>();
  readonly #serving: Promise<void>;
  readonly #up: Direction;
  readonly #down: Direction;
  #gate: PromiseWithResolvers<void> | undefined;
  #cutDone = false;
  #ended = false;
  #asked = false;
  connections = 0;
  turns = 0;

  constructor(options: RelayOptions) {
    const { hostname = "127.0.0.1" } = options;
    this.#options = options;
    this.#listener = Deno.listen({ hostname, port: 0 });
    this.#up = new Direction(options, () => this.#gate?.promise, () => {
      this.#asked = true;
      this.#count();
    });
    this.#down = new Direction(options, () => this.#gate?.promise, () => {
      if (this.#asked) this.turns++;
      this.#asked = false;
    });
    this.#serving = this.#serve();
  }

  get host(): string {
    return this.#listener.addr.hostname;
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  get sent(): number {
    return this.#up.passed;
  }

  get received(): number {
    return this.#down.passed;
  }

  cut(): void {
    for (const conn of this.#open) close(conn);
    this.#open.clear();
  }

  freeze(): void {
    this.#gate ??= Promise.withResolvers<void>();
  }

  thaw(): void {
    this.#gate?.resolve();
    this.#gate = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    this.#listener.close();
    this.cut();
    this.thaw();
    await this.#serving;
  }

  #count(): void {
    const { cutAfterBytes = Infinity, freezeAfterBytes = Infinity } = this.#options;
    if (this.sent >= freezeAfterBytes && !this.#ended) this.freeze();
    if (this.sent < cutAfterBytes || this.#cutDone) return;
    this.#cutDone = true;
    this.cut();
  }

  async #serve(): Promise<void> {
    const running = new Set<Promise<void>>();
    try {
      for await (const conn of this.#listener) {
        this.connections++;
        this.#open.add(conn);
        const one = this.#connect(conn).finally(() => running.delete(one));
        running.add(one);
      }
    } catch {
      // The listener was closed.
    }
    await Promise.all(running);
  }

  async #connect(near: Deno.TcpConn): Promise<void> {
    const { host, port } = this.#options.to;
    const far = await Deno.connect({ hostname: host, port }).catch(() => undefined);
    // It may have been cut meanwhile.
    if (far && !this.#ended && this.#open.has(near)) {
      this.#open.add(far);
      for (const conn of [near, far]) conn.setNoDelay(true);
      await Promise.all([this.#up.pass(near, far), this.#down.pass(far, near)]);
    }
    for (const conn of [near, far]) {
      if (conn) {
        this.#open.delete(conn);
        close(conn);
      }
    }
  }
}

/** One way over the link: bytes leave no faster than its rate and arrive its delay later. */
class Direction {
  passed = 0;
  #free = 0;

  constructor(
    readonly options: RelayOptions,
    readonly breakpoint: () => Promise<void> | undefined,
    readonly onPassed: () => void,
  ) {}

  async pass(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
    const { delayMs = 0, bytesPerSecond = Infinity } = this.options;
    const fills = bytesPerSecond * 2 * delayMs / 1000;
    const { windowBytes = Math.max(2 * CHUNK, Math.min(MOST, 2 * fills + CHUNK)) } = this.options;
    const queue: { readonly at: number; readonly bytes: Uint8Array }[] = [];
    let inFlight = 0;
    let over = false;
    let wakeReader = () => {};
    let wakeWriter = () => {};
    const reading = (async () => {
      while (!over) {
        const buffer = new Uint8Array(CHUNK);
        const count = await from.read(buffer).catch(() => null);
        if (count === null) break;
        // The link is shared: whoever comes later waits until it is free.
        const now = performance.now();
        this.#free = Math.max(now, this.#free) + 1000 * count / bytesPerSecond;
        queue.push({ at: this.#free + delayMs, bytes: buffer.subarray(0, count) });
        inFlight += count;
        wakeWriter();
        while (inFlight >= windowBytes && !over) {
          await new Promise<void>((resolve) => wakeReader = resolve);
        }
      }
      over = true;
      wakeWriter();
    })();
    for (;;) {
      const next = queue[0];
      if (!next) {
        if (over) break;
        await new Promise<void>((resolve) => wakeWriter = resolve);
        continue;
      }
      const wait = next.at - performance.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, Math.ceil(wait)));
      await this.breakpoint();
      queue.shift();
      if (!(await writeAll(to, next.bytes))) break;
      inFlight -= next.bytes.length;
      wakeReader();
      this.passed += next.bytes.length;
      this.onPassed();
    }
    over = true;
    wakeReader();
    // Half of a connection may end before the other half does.
    await to.closeWrite().catch(() => close(from));
    await reading;
  }
}

async function writeAll(conn: Deno.TcpConn, bytes: Uint8Array): Promise<boolean> {
  try {
    for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
    return true;
  } catch {
    return false;
  }
}

function close(conn: Deno.TcpConn): void {
  try {
    conn.close();
  } catch {
    // It is closed already.
  }
}
