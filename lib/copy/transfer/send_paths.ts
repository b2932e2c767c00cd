/**
 * Sending store paths: archives from a server here, in one stream, to a server on the target.
 *
 * @module
 */
import { AnswerError } from "../../errors.ts";
import type { Report, Stage } from "../../report/events.ts";
import type { Brake, Format, Link } from "../policy.ts";
import { totalSize } from "../protocol/path_order.ts";
import {
  addPath,
  clientGreeting,
  type PathInfo,
  requestNar,
  requestValid,
} from "../protocol/serve_requests.ts";
import type { BrakeWatch } from "./brake_watch.ts";
import { Blocks, compressed, joinSmall } from "./compressor.ts";
import { Often } from "../../files/stream.ts";
import { RateMeter } from "./link_meter.ts";
import type { ServeClient } from "./serve_client.ts";

/** What is sent, and how. */
export interface SendOptions {
  /** What is sent, references before what refers to them. */
  readonly infos: readonly PathInfo[];
  /** The server here, which has greeted. */
  readonly source: ServeClient;
  /** A server of the target for one stream; for an uncompressed one it has greeted. */
  readonly receiver: (format: Format) => Promise<ServeClient>;
  readonly link: Link;
  /** The format for a link and bytes that are left, and for what limits the stream. */
  readonly choose: (link: Link, bytes: number, brake?: Brake) => Format;
  /** Watches what limits a stream that begins, whose rate is told. */
  readonly watch: (rate: () => number | undefined) => BrakeWatch;
  /** The stage that the copy belongs to. */
  readonly stage: Stage;
  readonly report: Report;
  readonly signal: AbortSignal;
  /** Called whenever something has moved. */
  readonly moved: () => void;
}

/**
 * Sends paths. An uncompressed stream that turns out to go over a slow link ends with the path it is at, and what is left
 * follows in a compressed one.
 */
export async function sendPaths(options: SendOptions): Promise<void> {
  const { infos, source, receiver, choose, report } = options;
  source.write(joined(infos.map(({ path }) => requestNar(path))));
  const total = totalSize(infos);
  using progress = new CopyProgress(options, total);
  let { link } = options;
  for (let [rest, before] = [infos, 0]; rest.length > 0;) {
    const base = before;
    const format = choose(link, total - base);
    const known = link.rate === undefined
      ? `round trip ${link.rtt?.toFixed(1)} ms`
      : `${(link.rate / 1e6).toFixed(1)} MB/s`;
    const text = `${rest.length} store paths, ${total - base} bytes, ${known}, packed by ${format}`;
    report({ type: "log", level: "debug", text });
    const meter = new RateMeter();
    let left = total - base;
    using watch = format === "none" ? options.watch(() => meter.rate) : undefined;
    let told: Brake | undefined;
    const slow = () => {
      if (!watch || meter.rate === undefined) return false;
      const measured = { ...link, rate: meter.rate };
      if (choose(measured, left) === "none") return false;
      const { brake } = watch;
      if (brake === "pending") return false;
      if (brake !== told) report({ type: "log", level: "debug", text: brakeText(brake, measured) });
      told = brake;
      if (choose(measured, left, brake) === "none") return false;
      link = measured;
      return true;
    };
    const sent = await sendStream(await receiver(format), format, {
      ...{ source, signal: options.signal, infos: rest, meter, enough: slow },
      onProgress: (bytes, arrived) => {
        left = Math.min(left, total - base - bytes);
        progress.take(base + bytes, infos.length - rest.length + arrived);
      },
    });
    before += totalSize(rest.slice(0, sent));
    rest = rest.slice(sent);
  }
}

function brakeText(brake: Brake | undefined, { rate = 0 }: Link): string {
  const names = { link: "the link", here: "this machine", there: "the target" };
  return `${(rate / 1e6).toFixed(1)} MB/s: limited by ${
    brake ? names[brake] : "what is not known"
  }`;
}

interface StreamOptions extends Pick<SendOptions, "infos" | "source" | "signal"> {
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
async function sendStream(
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

/** Reports progress ten times a second, and never the same twice: of bytes and of paths that have arrived. */
class CopyProgress implements Disposable {
  readonly #often = new Often(() => this.#tell());
  #done = 0;
  #arrived = 0;
  #told = "";

  constructor(readonly options: SendOptions, readonly total: number) {}

  take(bytes: number, arrived: number): void {
    this.options.moved();
    this.#done = Math.min(bytes, this.total);
    this.#arrived = arrived;
    this.#often.changed();
  }

  [Symbol.dispose](): void {
    this.#often.end();
  }

  #tell(): void {
    const { infos, stage, report } = this.options;
    const paths = { done: this.#arrived, total: infos.length };
    const now = `${this.#done} ${this.#arrived}`;
    if (now === this.#told) return;
    this.#told = now;
    const { total } = this;
    report({ type: "progress", stage, what: "closure", done: this.#done, total, paths });
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
