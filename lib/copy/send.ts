/**
 * Sending store paths the way that suits the link.
 *
 * @module
 */
import type { Report } from "../report/events.ts";
import { type Link, Pace, worthPacking } from "./link.ts";
import { totalSize } from "./order.ts";
import type { Format } from "./pack.ts";
import { push } from "./push.ts";
import type { Dialogue, Receiver } from "./server.ts";
import { askDump, type PathInfo } from "./wire.ts";

/** What is sent, and how. */
export interface SendOptions {
  /** What is sent, references before what refers to them. */
  readonly infos: readonly PathInfo[];
  /** The server here, which has greeted. */
  readonly source: Dialogue;
  /** A server of the target that has greeted, and reads a stream as it is. */
  readonly plain: () => Promise<Dialogue>;
  /** A receiver of one packed stream. */
  readonly packing: () => Promise<Receiver>;
  readonly link: Link;
  /** How streams are packed when the link is the brake. */
  readonly packed: Format;
  readonly report: Report;
  readonly signal: AbortSignal;
  /** Called whenever something has moved. */
  readonly moved: () => void;
}

/** What is left must be worth the start of another stream, in bytes. */
const WORTH = 8_000_000;

/**
 * Sends paths. As they are while the link is fast: both ends have better things to do than to pack and
 * unpack. When it turns out to be slow, the stream ends with the path it is at, and what is left follows
 * in a packed one.
 */
export async function sendPaths(options: SendOptions): Promise<void> {
  const { infos, source, plain, packing, link, packed, report, signal, moved } = options;
  for (const { path } of infos) source.tell(askDump(path));
  const total = totalSize(infos);
  const tell = progress(total, report, moved);
  let pace = new Pace(worthPacking(link, total));
  let format = pace.slow ? packed : "none";
  let before = 0;
  for (let rest = infos; rest.length > 0;) {
    const size = `${rest.length} store paths, ${totalSize(rest)} bytes`;
    const known = link.rate === undefined
      ? `round trip ${link.rtt?.toFixed(1)} ms`
      : `${(link.rate / 1e6).toFixed(1)} MB/s`;
    const receiver = format === "none" ? await plain() : await packing();
    const how = `packed by ${format}, over ${receiver.channels} of the login's channels`;
    report({ type: "log", level: "debug", text: `${size}, ${known}, ${how}` });
    const [now, base] = [pace, before];
    const mayChange = format === "none" && packed !== "none";
    let left = total - base;
    const sent = await push(receiver, {
      ...{ infos: rest, source, format, pace, signal },
      enough: () => mayChange && now.slow && left > WORTH,
      onProgress: (bytes) => {
        left = Math.min(left, total - base - bytes);
        tell(base + bytes);
      },
    });
    before += totalSize(rest.slice(0, sent));
    rest = rest.slice(sent);
    [format, pace] = [packed, new Pace(true)];
  }
}

/** Reports progress ten times a second, and never the same twice. */
function progress(total: number, report: Report, moved: () => void): (bytes: number) => void {
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
