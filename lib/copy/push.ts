/**
 * Sending store paths: archives from a server here, in one stream, to a server on the target.
 *
 * @module
 */
import { AnswerError } from "../errors.ts";
import type { Pace } from "./link.ts";
import { type Format, inBlocks, joinSmall } from "./pack.ts";
import { packer } from "./packer.ts";
import type { Receiver } from "./receiver.ts";
import type { Dialogue } from "./server.ts";
import { announce, hello, type PathInfo } from "./wire.ts";

/** How paths are sent. */
export interface PushOptions {
  /** What is sent, references before what refers to them. */
  readonly infos: readonly PathInfo[];
  /** The server here, which has been asked for all these archives. */
  readonly source: Dialogue;
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

/**
 * Sends paths and resolves, with their number, when the last has arrived. nix adds each as soon as it is
 * complete, so what has arrived before an interruption stays.
 */
export async function push(receiver: Receiver, options: PushOptions): Promise<number> {
  const { infos, source, format, pace, enough, signal, onProgress } = options;
  let [announced, arrived, bytes, finished] = [0, 0, 0, false];
  async function* frames(): AsyncGenerator<Uint8Array> {
    yield hello();
    for (const info of infos) {
      if (enough()) break;
      announced++;
      yield announce(info);
      yield* source.answers.take(info.narSize);
    }
    finished = true;
  }
  const onTaken = (more: number) => onProgress(bytes += more);
  const stream = format === "none"
    ? counted(joinSmall(frames()), pace, onTaken)
    : packer(inBlocks(frames(), BLOCK), { format, pace, signal, onTaken });
  const { server } = receiver;
  receiver.receive(format, stream);
  // A source that fails ends the child; then that is what went wrong.
  const feeding = receiver.fed.catch(async (error) => {
    throw await source.failure(error);
  });
  const arriving = (async () => {
    await server.answers.hello();
    while (!(finished && arrived === announced) && !await server.answers.ended()) {
      await server.answers.number();
      arrived++;
      onProgress(bytes);
    }
    if (finished && arrived === announced) return;
    throw new AnswerError(`${server.answers.who}: nix-store --serve ended too early`, {
      hint: "see nix's own output; --debug shows every command",
    });
  })();
  const [all, fed] = await Promise.allSettled([arriving, feeding]);
  signal.throwIfAborted();
  if (fed.status === "rejected") throw fed.reason;
  if (all.status === "rejected") throw await server.failure(all.reason);
  return arrived;
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
