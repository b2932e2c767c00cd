/**
 * One stream of store paths to a server on the target.
 *
 * @module
 */
import { AnswerError } from "../../errors.ts";
import type { Format } from "../policy.ts";
import {
  addPath,
  clientGreeting,
  type PathInfo,
  requestValid,
} from "../protocol/serve_requests.ts";
import { Blocks, compressed, joinSmall } from "./compressor.ts";
import type { RateMeter } from "./link_meter.ts";
import type { ServeClient } from "./serve_client.ts";

/** What a stream is made of. */
export interface StreamOptions {
  /** What is sent, references before what refers to them. */
  readonly infos: readonly PathInfo[];
  /** The server here, which has greeted, and was asked for the archives. */
  readonly source: ServeClient;
  readonly signal: AbortSignal;
  readonly meter: RateMeter;
  /** Whether no further path is to be begun, though there are some left. */
  readonly enough: () => boolean;
  /** Called with how many bytes are on their way, and how many paths have arrived. */
  readonly onProgress: (bytes: number, arrived: number) => void;
}

/**
 * Sends paths in one stream and resolves, with their number, when the last has arrived and all are valid there. nix adds
 * each as soon as it is complete, so what has arrived before an interruption stays.
 */
export async function sendStream(
  receiver: ServeClient,
  format: Format,
  { infos, source, signal, meter, enough, onProgress }: StreamOptions,
): Promise<number> {
  let [announced, arrived, bytes, finished] = [0, 0, 0, false];
  async function* frames(): AsyncGenerator<Uint8Array> {
    yield clientGreeting();
    for (const info of infos) {
      if (enough()) break;
      announced++;
      yield addPath(info);
      yield* source.answers.bytes(info.narSize);
    }
    finished = true;
    yield requestValid(infos.slice(0, announced).map(({ path }) => path));
  }
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const part of joinSmall(frames())) {
      yield part;
      meter.took(part.length);
      onProgress(bytes += part.length, arrived);
    }
  }
  // Without a generator for every step: of near links a good part of the time is spent here.
  async function feedPlain(): Promise<void> {
    const { answers } = source;
    const blocks = new Blocks();
    const write = async (parts: readonly Uint8Array[]) => {
      for (const part of parts) {
        if (!await receiver.write(part)) return false;
        meter.took(part.length);
        onProgress(bytes += part.length, arrived);
      }
      return true;
    };
    for (const info of infos) {
      if (enough()) break;
      announced++;
      const before = blocks.add(addPath(info));
      if (before.length > 0 && !await write(before)) return;
      for (let left = info.narSize; left > 0;) {
        const next = answers.take(left);
        left -= next.length;
        const full = blocks.add(next);
        if (full.length > 0 && !await write(full)) return;
        if (next.length === 0) await answers.more();
      }
    }
    finished = true;
    const request = requestValid(infos.slice(0, announced).map(({ path }) => path));
    await write([...blocks.add(request), ...blocks.end()]);
  }
  const feeding = (async () => {
    if (format === "none") return await receiver.failing(feedPlain);
    receiver.write(formatLine(format));
    await receiver.pipe(compressed(counted(), format, signal));
    receiver.finish();
  })().catch(async (error) => {
    // A source that fails ends the receiver; then that is what went wrong.
    throw await source.failure(error);
  });
  const { answers } = receiver;
  const arriving = (async () => {
    if (format !== "none") await answers.greeting();
    while (!(finished && arrived === announced) && !await answers.ended()) {
      const ready = answers.takeNumbers(announced - arrived);
      if (ready === 0) await answers.number();
      arrived += Math.max(1, ready);
      onProgress(bytes, arrived);
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

// How the stream is compressed is told in its first line, so that the channel is there before that is known. The server
// starts after it: two at once in a new store would both make it, and one would fail. A decompressor that fails ends the
// server too: its input ends in the middle of an archive.
const DECOMPRESS = `IFS= read -r format || exit 0; "$format" -dc | "$@"`;

/** The command that decompresses a stream for a server, which is started by `command`. */
export function decompressing(command: readonly string[]): string[] {
  return ["sh", "-c", DECOMPRESS, "receive", ...command];
}

function formatLine(format: Format): Uint8Array {
  return new TextEncoder().encode(`${format}\n`);
}
