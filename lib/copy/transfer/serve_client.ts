/**
 * The client of a running `nix-store --serve`, here or on a target.
 *
 * @module
 */
import { within } from "../../async.ts";
import { eachLine } from "../../lines.ts";
import { LONGEST_LINE } from "../../nix/activity.ts";
import type { Running } from "../../process.ts";
import type { Report } from "../../report/events.ts";
import { commandError, Tail } from "../../result.ts";
import { ServeReader } from "../protocol/serve_reader.ts";
import { InputQueue } from "./input_queue.ts";

/** Which command a server is, for messages, and where its error output goes. */
export interface ServeOptions {
  readonly command: readonly string[];
  readonly where: string;
  readonly report: Report;
  /** Ends the server. */
  readonly signal: AbortSignal;
  /** What each line of its error output stands for. Default: itself */
  readonly translate?: ((line: string) => readonly string[]) | undefined;
}

const AHEAD = 1024 * 1024;

/** A server and its two streams. Disposal ends it. */
export class ServeClient implements AsyncDisposable {
  /** Its answers. */
  readonly answers: ServeReader;
  readonly #child: Running;
  readonly #options: ServeOptions;
  readonly #input = new InputQueue(AHEAD);
  readonly #errorsRead: Promise<void>;
  readonly #over = new AbortController();
  readonly #onAbort = () => void this[Symbol.asyncDispose]();
  readonly #tail = new Tail();
  #ending = false;

  /** Starts a server with `begin`, which is handed its input. */
  constructor(begin: (input: ReadableStream<Uint8Array>) => Running, options: ServeOptions) {
    this.#options = options;
    this.#child = begin(this.#input.stream);
    const stop = () => this.#input.end();
    this.#child.fed.then(stop, stop);
    this.answers = new ServeReader(this.#child.stdout, options.where);
    const { translate = (line) => [line] } = options;
    this.#errorsRead = eachLine(this.#child.stderr, (raw) => {
      for (const line of translate(raw)) {
        this.#tail.add(line);
        // What it prints because it is being ended is not shown.
        if (!this.#ending) options.report({ type: "output", source: "nix", line });
      }
    }, { signal: this.#over.signal, longest: LONGEST_LINE }).catch(() => {});
    if (options.signal.aborted) this.#onAbort();
    else options.signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Writes to its input; resolves when that was taken, with false when the server has ended instead. */
  write(bytes: Uint8Array): Promise<boolean> {
    return this.#input.write(bytes);
  }

  /** Writes a stream to its input. Resolves when it was taken or the server has ended; rejects when the stream fails. */
  async pipe(parts: AsyncIterable<Uint8Array>): Promise<void> {
    await this.failing(async () => {
      for await (const part of parts) if (!await this.write(part)) return;
    });
  }

  /** Runs what writes to its input; where that fails, its input does too. */
  async failing(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      // Half a stream must not look like a whole one.
      this.#input.end(error);
      throw error;
    }
  }

  /** Ends its input. */
  finish(): void {
    this.#input.finish();
  }

  /** Writes a request, and reads the answer with `read`. */
  async request<T>(request: Uint8Array, read: (answers: ServeReader) => Promise<T>): Promise<T> {
    this.write(request);
    return await this.read(read);
  }

  /** Reads with `read` the answer to what was requested before. */
  async read<T>(read: (answers: ServeReader) => Promise<T>): Promise<T> {
    try {
      return await read(this.answers);
    } catch (error) {
      throw await this.failure(error);
    }
  }

  /** Why it ended before it had answered; `error` is what was noticed of that. */
  async failure(error: unknown): Promise<unknown> {
    const status = await within(this.#child.status, 1000);
    if (!status || status.code === 0) return error;
    const { code, signal } = status;
    // ssh may leave the error output to its master, which keeps it open.
    await within(this.#errorsRead, 200);
    const { command, where } = this.#options;
    return commandError({ code, signal, output: this.#tail.text }, { where }, command);
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending = true;
    this.#options.signal.removeEventListener("abort", this.#onAbort);
    this.finish();
    await this.#child.end();
    // Others may hold its outputs open: ssh hands them to its master.
    this.#over.abort();
    await this.answers.cancel();
  }
}
