/**
 * What stands before an ssh server that is slow, busy or not reached yet, for tests.
 *
 * @module
 */

/** Where connections lead. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** What takes connections. Disposal ends it and its connections. */
export interface Front extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** Connections that were made so far. */
  readonly connections: number;
}

/**
 * A server that takes so many milliseconds for each connection, one at a time, whether the client is still there
 * or not: as the sshd of a machine with one slow processor.
 */
export function startSlowServer(
  to: Endpoint,
  milliseconds: number,
): Front & { lead(to: Endpoint): void } {
  let free = Promise.resolve();
  let where = to;
  const front = new RunningFront(async (near, pass, signal) => {
    const turn = free.then(() => pause(milliseconds, signal));
    free = turn;
    await turn;
    await pass(near, where);
  });
  return Object.assign(front, { lead: (to: Endpoint) => void (where = to) });
}

/** A server that greets the first connections and says nothing more on them; the others are passed on. */
export function startHangingFront(to: Endpoint, hanging: number): Front {
  let seen = 0;
  return new RunningFront(async (near, pass, signal) => {
    if (seen++ < hanging) {
      await near.write(new TextEncoder().encode("SSH-2.0-OpenSSH_9.9\r\n"));
      await pause(600_000, signal);
    }
    await pass(near, to);
  });
}

/** A network that accepts the first connections and never says a word on them, and passes the others on. */
export function startSilentFront(to: Endpoint, silent: number): Front {
  let seen = 0;
  return new RunningFront(async (near, pass, signal) => {
    if (seen++ < silent) await pause(600_000, signal);
    await pass(near, to);
  });
}

/** A port that drops what is sent to it until it is opened: nobody accepts, and the queue is full. */
export class DroppingPort implements AsyncDisposable {
  readonly host = "127.0.0.1";
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #queue: Deno.TcpConn[] = [];
  #front: RunningFront | undefined;
  /** The ports here of what fills the queue, and how many of these have been accepted. */
  readonly #own = new Set<number>();
  #seen = 0;

  /** Makes a port that drops everything. */
  static async make(): Promise<DroppingPort> {
    const port = new DroppingPort();
    const { hostname, port: number } = port.#listener.addr;
    for (let full = false; !full;) {
      const connecting = Deno.connect({ hostname, port: number });
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<void>((resolve) => timer = setTimeout(resolve, 700));
      const conn = await Promise.race([connecting, late]);
      clearTimeout(timer);
      if (conn) port.#queue.push(conn);
      else {
        full = true;
        // It comes through when the port is opened.
        connecting.then(close, () => {});
      }
    }
    return port;
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** Connections since it was opened. */
  get connections(): number {
    return (this.#front?.connections ?? 0) - this.#seen;
  }

  /** Lets connections through from now on. */
  open(to: Endpoint): void {
    for (const conn of this.#queue) {
      this.#own.add(conn.localAddr.port);
      close(conn);
    }
    this.#front = new RunningFront(async (near, pass) => {
      if (this.#own.has(near.remoteAddr.port)) this.#seen++;
      else await pass(near, to);
    }, this.#listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const conn of this.#queue) close(conn);
    if (this.#front) await this.#front[Symbol.asyncDispose]();
    else this.#listener.close();
  }
}

type Pass = (near: Deno.TcpConn, to: Endpoint) => Promise<void>;

class RunningFront implements Front {
  readonly #open = new Set<Deno.TcpConn>();
  readonly #stop = new AbortController();
  readonly #serving: Promise<void>;
  connections = 0;

  constructor(
    readonly work: (near: Deno.TcpConn, pass: Pass, signal: AbortSignal) => Promise<void>,
    readonly listener = Deno.listen({ hostname: "127.0.0.1", port: 0 }),
  ) {
    this.#serving = this.#serve();
  }

  get host(): string {
    return this.listener.addr.hostname;
  }

  get port(): number {
    return this.listener.addr.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.listener.close();
    for (const conn of this.#open) close(conn);
    await this.#serving;
  }

  async #serve(): Promise<void> {
    const running: Promise<void>[] = [];
    try {
      for await (const near of this.listener) {
        this.connections++;
        this.#open.add(near);
        const pass: Pass = (from, to) => this.#pass(from, to);
        running.push(
          this.work(near, pass, this.#stop.signal).catch(() => {}).finally(() => close(near)),
        );
      }
    } catch {
      // The listener was closed.
    }
    await Promise.all(running);
  }

  async #pass(near: Deno.TcpConn, { host, port }: Endpoint): Promise<void> {
    const far = await Deno.connect({ hostname: host, port });
    this.#open.add(far);
    if (this.#stop.signal.aborted) return close(far);
    await Promise.allSettled([
      near.readable.pipeTo(far.writable),
      far.readable.pipeTo(near.writable),
    ]);
    close(far);
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
}

function close(conn: Deno.TcpConn): void {
  try {
    conn.close();
  } catch {
    // It is closed already.
  }
}
