/**
 * Sending store paths the way that suits the link.
 *
 * @module
 */
import type { Reporter } from "../report/events.ts";
import { type Link, Pace, seemsSlow } from "./link.ts";
import { totalSize } from "./order.ts";
import type { Format } from "./pack.ts";
import { push } from "./push.ts";
import type { Receiver } from "./receiver.ts";
import type { Dialogue } from "./server.ts";
import { askDump, type PathInfo } from "./wire.ts";

/** What is sent, and how. */
export interface SendOptions {
  /** What is sent, references before what refers to them. */
  readonly infos: readonly PathInfo[];
  /** The server here, which has greeted. */
  readonly source: Dialogue;
  /** The receiver of the first stream; the caller disposes of it. */
  readonly receiver: Receiver;
  /** Makes one for another stream. */
  readonly another: () => Receiver;
  readonly link: Link;
  /** How streams are packed when the link is the brake. */
  readonly packed: Format;
  readonly report: Reporter;
  readonly signal: AbortSignal;
  /** Called whenever something has moved. */
  readonly moved: () => void;
}

/**
 * Sends paths. As they are while the link is fast: both ends have better things to do than to pack and
 * unpack. When it turns out to be slow, the stream ends with the path it is at, and what is left follows
 * in a packed one.
 */
export async function sendPaths(options: SendOptions): Promise<void> {
  const { infos, source, receiver, another, link, packed, report, signal, moved } = options;
  for (const { path } of infos) source.tell(askDump(path));
  const tell = progress(totalSize(infos), report, moved);
  const slow = seemsSlow(link);
  let format = slow ? packed : "none";
  let pace = new Pace(link);
  let before = 0;
  await using receivers = new AsyncDisposableStack();
  let next = () => receiver;
  for (let rest = infos; rest.length > 0;) {
    const size = `${rest.length} store paths, ${totalSize(rest)} bytes`;
    const text = `${size}, round trip ${link.rtt?.toFixed(1)} ms, packed by ${format}`;
    report({ type: "log", level: "debug", text });
    const plain = format === "none" && packed !== "none" && !slow;
    const [now, base] = [pace, before];
    const sent = await push(next(), {
      ...{ infos: rest, source, format, pace, signal },
      enough: () => plain && now.slow,
      onProgress: (bytes) => tell(base + bytes),
    });
    before += totalSize(rest.slice(0, sent));
    rest = rest.slice(sent);
    next = () => receivers.use(another());
    [format, pace] = [packed, new Pace({ rate: 0 })];
  }
}

/** Reports progress ten times a second, and never the same twice. */
function progress(total: number, report: Reporter, moved: () => void): (bytes: number) => void {
  let [told, shown] = [0, -1];
  return (bytes) => {
    moved();
    const now = performance.now();
    const done = Math.min(bytes, total);
    if (done === shown || now - told < 100 && done < total) return;
    [told, shown] = [now, done];
    report({ type: "progress", what: "closure", done, total });
  };
}
