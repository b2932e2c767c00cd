/**
 * The end of a stream on the target: what unpacks it, and the server that adds what is in it.
 *
 * @module
 */
import type { Reporter } from "../report/events.ts";
import type { Session } from "../ssh/session.ts";
import type { Format } from "./pack.ts";
import { Server } from "./server.ts";

/** What a receiver is made of. */
export interface ReceiverOptions {
  /** The command of the server. */
  readonly command: readonly string[];
  readonly report: Reporter;
  readonly signal: AbortSignal;
}

interface Work {
  readonly format: Format;
  readonly stream: AsyncIterable<Uint8Array>;
}

// How the stream is packed is told in its first line, so that this can start before that is known. The
// unpacker's failure ends the server too: its input ends in the middle of an archive.
const RECEIVE = `
IFS= read -r unpack || exit 0
[ "$unpack" != none ] || exec "$@"
"$unpack" -dc | "$@"
`;

/** Waits on the target for one stream. Disposal ends it. */
export class Receiver implements AsyncDisposable {
  /** What tells of the arrival of paths. */
  readonly server: Server;
  /** Resolves when the stream has gone to the target or it has ended; rejects when the stream fails. */
  readonly fed: Promise<void>;
  readonly #work = Promise.withResolvers<Work>();

  /** Starts to wait. */
  constructor(session: Session, { command, report, signal }: ReceiverOptions) {
    const work = this.#work.promise;
    const input = ReadableStream.from((async function* () {
      const { format, stream } = await work;
      yield new TextEncoder().encode(`${format}\n`);
      for await (const part of stream) yield part;
    })());
    const child = session.start(["sh", "-c", RECEIVE, "receive", ...command], input);
    this.fed = child.fed;
    this.server = new Server(child, { command, where: session.label, report, signal });
  }

  /** Gives it its stream. */
  receive(format: Format, stream: AsyncIterable<Uint8Array>): void {
    this.#work.resolve({ format, stream });
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    // A stream that has not come need not be waited for.
    this.#work.resolve({ format: "none", stream: (async function* () {})() });
    await this.server[Symbol.asyncDispose]();
  }
}
