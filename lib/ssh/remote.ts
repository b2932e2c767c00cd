/**
 * A command on a target: started when the connection has a channel for it, started again when the server refused that
 * channel, and heard from its mark on.
 *
 * @module
 */
import { Scope, within } from "../async.ts";
import { escapeControls } from "../escape.ts";
import { type Child, type Input, type Running, start } from "../process.ts";
import type { Channels } from "./channels.ts";
import type { Mark } from "./mark.ts";
import { MarkedOutput } from "./marked_output.ts";
import { Replay } from "./replay.ts";

/** What a command is made of. */
export interface RemoteParts {
  /** The words of the local ssh. */
  readonly command: readonly string[];
  readonly stdin: Exclude<Input, "inherit">;
  readonly mark: Mark;
  readonly channels: Channels;
  readonly signal?: AbortSignal | undefined;
  /** Called whenever the local ssh is about to start: a clock runs from then on. */
  readonly onStart?: (() => void) | undefined;
}

/** What the local ssh says when the server grants no channel. */
const REFUSED = /session request failed|Session open refused/;

/** A running command. Disposal ends it and waits for its end. */
export class Remote implements Running {
  /** How the local ssh ended. Rejects when it could not be started. */
  readonly status: Promise<Deno.CommandStatus>;
  /** Resolves when its input has gone to it, or it has ended before; rejects when the source fails. */
  readonly fed: Promise<void>;
  /** Whether the command was begun over there; settled with `status` at the latest. */
  readonly begun: Promise<boolean>;
  /** What login shell and ssh said before the command, or in its place; the last characters. */
  noise = "";
  readonly #parts: RemoteParts;
  readonly #scope: Scope;
  readonly #out: MarkedOutput;
  readonly #err: MarkedOutput;
  readonly #fed = Promise.withResolvers<void>();
  readonly #begun = Promise.withResolvers<boolean>();
  readonly #input: Replay | undefined;
  #child: Child | undefined;
  #ended = false;

  /** Starts it, or has it wait for its turn. */
  constructor(parts: RemoteParts) {
    const { stdin, mark, signal } = parts;
    this.#parts = parts;
    this.#scope = new Scope(signal);
    this.#out = new MarkedOutput(mark);
    this.#err = new MarkedOutput(mark);
    if (typeof stdin !== "string") this.#input = new Replay(stdin);
    this.fed = this.#fed.promise;
    this.fed.catch(() => {}); // whoever awaits it hears of it
    this.begun = this.#begun.promise;
    this.status = this.#run().finally(() => this.#end());
    this.status.catch(() => {});
  }

  /** Whether it has ended. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Its standard output, from the mark on. */
  get stdout(): ReadableStream<Uint8Array> {
    return this.#out.stream;
  }

  /** Its error output, from the mark on; where no mark came, all of it. */
  get stderr(): ReadableStream<Uint8Array> {
    return this.#err.stream;
  }

  /** Ends it here: SIGTERM, and SIGKILL after two seconds. */
  async end(): Promise<void> {
    this.#scope.abort(ENDED);
    await this.#child?.end();
    await this.status.catch(() => {});
  }

  /** Ends it and waits for its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  async #run(): Promise<Deno.CommandStatus> {
    const { channels, onStart } = this.#parts;
    const { signal } = this.#scope;
    for (let first = false;; first = true) {
      using channel = await channels.enter(signal, { first });
      onStart?.();
      const status = await this.#attempt(() => channel.granted());
      if (status) return status;
      await channel.refused();
    }
  }

  /** Runs the local ssh; nothing when the server refused the channel. */
  async #attempt(granted: () => void): Promise<Deno.CommandStatus | undefined> {
    const { command, stdin } = this.#parts;
    const input = this.#input?.attempt() ?? (stdin as string);
    const child = start(command, { stdin: input, signal: this.#scope.signal });
    this.#child = child;
    const heard = this.#out.open(child.stdout);
    const said = this.#err.open(child.stderr);
    const decided = Promise.withResolvers<void>();
    child.fed.then(() => decided.promise).then(this.#fed.resolve, this.#fed.reject);
    heard.then((mark) => {
      if (!mark) return;
      granted();
      this.#input?.commit();
      this.noise = text(this.#out.before);
      this.#begun.resolve(true);
      decided.resolve();
    });
    const status = await child.status;
    // ssh may leave its outputs to its master, which keeps them open until the command has ended over there.
    const [mark = false] = await within(Promise.all([heard, said]), 500) ?? [];
    const words = text(this.#err.before);
    if (!mark && status.code === 255 && REFUSED.test(words) && !this.#scope.signal.aborted) {
      return undefined;
    }
    if (!mark) this.noise = [text(this.#out.before), words].filter(Boolean).join("\n");
    decided.resolve();
    return status;
  }

  async #end(): Promise<void> {
    this.#ended = true;
    this.#begun.resolve(false);
    this.#fed.resolve();
    this.#out.close();
    this.#err.close(true);
    this.#scope[Symbol.dispose]();
    await this.#input?.[Symbol.asyncDispose]();
  }
}

const ENDED = new Error("it was ended from here");

/** Its lines that say something, escaped. */
function text(bytes: Uint8Array): string {
  const lines = new TextDecoder().decode(bytes).split(/[\r\n]+/).map((line) => line.trim());
  return lines.filter(Boolean).map(escapeControls).join("\n");
}
