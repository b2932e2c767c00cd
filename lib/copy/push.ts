/**
 * Sending store paths: archives from a server here, in one stream, to a server on the target.
 *
 * @module
 */
import { AnswerError } from "../errors.ts";
import type { Pace } from "./link.ts";
import { type Format, inBlocks, joinSmall } from "./pack.ts";
import { packer } from "./packer.ts";
import type { Dialogue, Receiver } from "./server.ts";
import { announce, askValid, hello, type PathInfo } from "./wire.ts";

/** How paths are sent. */
export interface PushOptions {
  /** What is sent, references before what refers to them. */
  readonly infos: readonly PathInfo[];
  /** The server here, which has been asked for all these archives. */
  readonly source: Dialogue;
  /** How the stream is packed; `none` for a receiver that reads it as it is, and has greeted. */
  readonly format: Format;
  readonly pace: Pace;
  /** Whether no further path is to be begun, though there are some left. */
  readonly enough: () => boolean;
  readonly signal: AbortSignal;
  /** Called with how many bytes are on their way, also when only paths have arrived. */
  readonly onProgress: (bytes: number) => void;
}

/** Small enough to be quick about the first one, large enough that a program for each costs little. */
const BLOCK = 2 * 1024 * 1024;

// How the stream is packed is told in its first line, so that the channel is there before that is known. The server
// starts after it: two at once in a new store would both make it, and one would fail. An unpacker that fails ends the
// server too: its input ends in the middle of an archive.
const UNPACK = `IFS= read -r unpack || exit 0; "$unpack" -dc | "$@"`;

/** The command of a receiver of packed streams, with a server that is started by `command`. */
export function unpacking(command: readonly string[]): string[] {
  return ["sh", "-c", UNPACK, "receive", ...command];
}

function firstLine(format: Format): Uint8Array {
  return new TextEncoder().encode(`${format}\n`);
}

/**
 * Sends paths and resolves, with their number, when the last has arrived and all are valid there. nix adds
 * each as soon as it is complete, so what has arrived before an interruption stays.
 */
export async function push(receiver: Receiver, options: PushOptions): Promise<number> {
  const { infos, source, format, pace, enough, signal, onProgress } = options;
  let [announced, arrived, bytes, finished] = [0, 0, 0, false];
  async function* frames(): AsyncGenerator<Uint8Array> {
    for (const info of infos) {
      if (enough()) break;
      announced++;
      yield announce(info);
      yield* source.answers.take(info.narSize);
    }
    finished = true;
    yield askValid(infos.slice(0, announced).map(({ path }) => path));
  }
  const onTaken = (more: number) => onProgress(bytes += more);
  async function* packed(format: Format): AsyncGenerator<Uint8Array> {
    yield firstLine(format);
    yield* packer(inBlocks(greeted(frames()), BLOCK), { format, pace, signal, onTaken });
  }
  const plain = format === "none";
  const stream = plain ? counted(joinSmall(frames()), pace, onTaken) : packed(format);
  const feeding = receiver.pour(stream).then(() => {
    if (!plain) receiver.finish();
  }, async (error) => {
    // A source that fails ends the receiver; then that is what went wrong.
    throw await source.failure(error);
  });
  const { answers } = receiver;
  const arriving = (async () => {
    if (!plain) await answers.hello();
    while (!(finished && arrived === announced) && !await answers.ended()) {
      await answers.number();
      arrived++;
      onProgress(bytes);
    }
    if (!finished || arrived < announced) {
      throw new AnswerError(`${answers.who}: nix-store --serve ended too early`, {
        hint: "see nix's own output; --debug shows every command",
      });
    }
    // It looks anew whether they are there.
    const valid = new Set(await answers.texts());
    const lacking = infos.slice(0, announced).find(({ path }) => !valid.has(path));
    if (!lacking) return;
    throw new AnswerError(`${answers.who}: ${lacking.path} did not arrive`, {
      hint: "see nix's own output on the target",
    });
  })();
  const [all, fed] = await Promise.allSettled([arriving, feeding]);
  signal.throwIfAborted();
  if (fed.status === "rejected") throw fed.reason;
  if (all.status === "rejected") throw await receiver.failure(all.reason);
  return arrived;
}

/** Puts the greeting of a server in front of a stream. */
async function* greeted(parts: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield hello();
  yield* parts;
}

/** Passes parts on as they are, and tells when each was taken. */
async function* counted(
  parts: AsyncIterable<Uint8Array>,
  pace: Pace,
  onTaken: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const part of parts) {
    yield part;
    pace.took(part.length, performance.now());
    onTaken(part.length);
  }
}
