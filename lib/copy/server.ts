/**
 * A running `nix-store --serve`, here or on a target.
 *
 * @module
 */
import { eachLine } from "../lines.ts";
import type { Running } from "../process.ts";
import { commandError, Tail } from "../result.ts";
import type { Report } from "../report/events.ts";
import { Input } from "./input.ts";
import { WireReader } from "./reader.ts";

/** Which command a server is, for messages, and who hears what it says on its error output. */
export interface ServerOptions {
  readonly command: readonly string[];
  readonly where: string;
  readonly report: Report;
  /** Ends the server. */
  readonly signal: AbortSignal;
}

/** A server that can be asked. Disposal ends it. */
export class Server implements AsyncDisposable {
  /** Its answers. */
  readonly answers: WireReader;
  /** Resolves when all of its input was taken, or it has ended; rejects when its input fails. */
  readonly fed: Promise<void>;
  readonly #child: Running;
  readonly #options: ServerOptions;
  readonly #said: Promise<void>;
  readonly #over = new AbortController();
  readonly #onAbort = () => void this[Symbol.asyncDispose]();
  readonly #tail = new Tail();
  #ending = false;

  /** Wraps a child. Its input belongs to whoever started it. */
  constructor(child: Running, options: ServerOptions) {
    this.#child = child;
    this.#options = options;
    this.fed = child.fed;
    this.answers = new WireReader(child.stdout, options.where);
    this.#said = eachLine(child.stderr, (line) => {
      this.#tail.add(line);
      // What it says of being ended is no news.
      if (!this.#ending) options.report({ type: "output", source: "nix", line });
    }, { signal: this.#over.signal }).catch(() => {});
    if (options.signal.aborted) this.#onAbort();
    else options.signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Why it ended before it had answered; `error` is what was noticed of that. */
  async failure(error: unknown): Promise<unknown> {
    const status = await within(this.#child.status, 1000);
    if (!status || status.code === 0) return error;
    const { code, signal } = status;
    // ssh may leave the error output to its master, which keeps it open.
    await within(this.#said, 200);
    const { command, where } = this.#options;
    return commandError({ code, signal, output: this.#tail.text }, { where }, command);
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending = true;
    this.#options.signal.removeEventListener("abort", this.#onAbort);
    await this.#child.end();
    // Others may hold its outputs open: ssh hands them to its master.
    this.#over.abort();
    await this.answers.cancel();
  }
}

/** What `promise` gives within `ms` milliseconds, else nothing. */
async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => timer = setTimeout(resolve, ms, undefined));
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What takes a stream of store paths. */
export interface Receiver extends AsyncDisposable {
  /** What it answers. */
  readonly answers: WireReader;
  /** Over how many channels of the connection its stream goes. */
  readonly channels: number;
  /** Says a stream. Resolves when it was taken or the receiver has ended; rejects when the stream fails. */
  pour(parts: AsyncIterable<Uint8Array>): Promise<void>;
  /** Says that nothing more comes. */
  finish(): void;
  /** Why it ended before it had answered; `error` is what was noticed of that. */
  failure(error: unknown): Promise<unknown>;
}

/** A server that is asked one thing after the other. */
export class Dialogue implements Receiver {
  readonly channels = 1;
  /** Whether it has all channels that it needs. */
  readonly opened: Promise<boolean> = Promise.resolve(true);
  readonly #server: Server;
  readonly #input = new Input();

  /** Starts a server with `begin`, which is handed its input. */
  constructor(begin: (input: ReadableStream<Uint8Array>) => Running, options: ServerOptions) {
    this.#server = new Server(begin(this.#input.stream), options);
  }

  /** Says something. That the server has ended is noticed by who waits for its answer. */
  tell(question: Uint8Array): void {
    this.#input.add(question);
  }

  /** Says a stream. Resolves when it was taken or the server has ended; rejects when the stream fails. */
  async pour(parts: AsyncIterable<Uint8Array>): Promise<void> {
    await Promise.race([this.#input.pour(parts), this.#server.fed]);
  }

  /** Says that nothing more comes. */
  finish(): void {
    this.#input.end();
  }

  /** What the server answers. */
  get answers(): WireReader {
    return this.#server.answers;
  }

  /** Asks, and reads the answer with `read`. */
  async ask<T>(question: Uint8Array, read: (answers: WireReader) => Promise<T>): Promise<T> {
    this.tell(question);
    return await this.hear(read);
  }

  /** Reads with `read` what was asked for before. */
  async hear<T>(read: (answers: WireReader) => Promise<T>): Promise<T> {
    try {
      return await read(this.answers);
    } catch (error) {
      throw await this.failure(error);
    }
  }

  /** Why the server ended before it had answered. */
  failure(error: unknown): Promise<unknown> {
    return this.#server.failure(error);
  }

  /** Ends the server. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#input.end();
    await this.#server[Symbol.asyncDispose]();
  }
}
