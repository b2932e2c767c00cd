/**
 * Sending store paths: archives from a server here to a server on the target, in one stream or, where the link turns out
 * to be slow, in two.
 *
 * @module
 */
import { Often } from "../../files/stream.ts";
import type { Report, Stage } from "../../report/events.ts";
import type { Brake, Format, Link } from "../policy.ts";
import { totalSize } from "../protocol/path_order.ts";
import { type PathInfo, requestNars } from "../protocol/serve_requests.ts";
import type { BrakeWatch } from "./brake_watch.ts";
import { RateMeter } from "./link_meter.ts";
import { sendStream } from "./send_stream.ts";
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
  source.write(requestNars(infos.map(({ path }) => path)));
  // It ends behind the last: one that is shorter than it should be must not be waited for.
  source.finish();
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
      const brake = watch.find();
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
