/**
 * Sending store paths: archives from a server here, in one stream, to a server on the target.
 *
 * @module
 */
import type { Reporter } from "../report/events.ts";
import type { Session } from "../ssh/session.ts";
import { type Link, Pace } from "./link.ts";
import { type Format, inBlocks } from "./pack.ts";
import { packer } from "./packer.ts";
import { type Dialogue, Server } from "./server.ts";
import { announce, askDump, hello, type PathInfo } from "./wire.ts";

/** How paths are sent. */
export interface PushOptions {
  /** What is sent, references before what refers to them. */
  readonly infos: readonly PathInfo[];
  /** The server here, which has greeted. */
  readonly source: Dialogue;
  /** The command of the server on the target. */
  readonly command: readonly string[];
  readonly format: Format;
  readonly link: Link;
  readonly signal: AbortSignal;
  readonly report: Reporter;
  /** Called with how many bytes of archives are on their way, and how many paths have arrived. */
  readonly onProgress: (bytes: number, paths: number) => void;
}

/** Small enough to be quick about the first one, large enough that a program for each costs little. */
const BLOCK = 2 * 1024 * 1024;

// The unpacker's failure ends the server too: its input ends in the middle of an archive.
const RECEIVE = `
unpack=$1
shift
[ "$unpack" != none ] || exec "$@"
"$unpack" -dc | "$@"
`;

/**
 * Sends paths and resolves when the last has arrived. nix adds each as soon as it is complete, so what
 * has arrived before an interruption stays.
 */
export async function push(session: Session, options: PushOptions): Promise<void> {
  const { infos, source, command, format, link, signal, report, onProgress } = options;
  let bytes = 0;
  let paths = 0;
  const stream = packer(inBlocks(frames(source, infos), BLOCK), {
    format,
    pace: new Pace(link),
    signal,
    onTaken: (more) => onProgress(bytes += more, paths),
  });
  const child = session.start(["sh", "-c", RECEIVE, "receive", format, ...command], stream);
  await using server = new Server(child, { command, where: session.label, report, signal });
  // A source that fails ends the child; then that is what went wrong.
  const feeding = child.fed.catch(async (error) => {
    throw await source.failure(error);
  });
  const arriving = (async () => {
    await server.answers.hello();
    for (const _ of infos) {
      await server.answers.number();
      onProgress(bytes, ++paths);
    }
  })();
  const [arrived, fed] = await Promise.allSettled([arriving, feeding]);
  signal.throwIfAborted();
  if (fed.status === "rejected") throw fed.reason;
  if (arrived.status === "rejected") throw await server.failure(arrived.reason);
}

async function* frames(source: Dialogue, infos: readonly PathInfo[]): AsyncGenerator<Uint8Array> {
  for (const { path } of infos) source.tell(askDump(path));
  yield hello();
  for (const info of infos) {
    yield announce(info);
    yield* source.answers.take(info.narSize);
  }
}
