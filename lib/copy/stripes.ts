/**
 * One packed stream over several channels of a connection: each channel has a window of its own, 2 MB in OpenSSH,
 * and on a far and fast link one window is empty long before the first of it has been acknowledged.
 *
 * @module
 */
import { AnswerError } from "../errors.ts";
import type { Dialogue, Receiver } from "./server.ts";

/** How many channels, as the script below has them. More are of no use: the connection has a window too. */
export const CHANNELS = 4;

// $1 a new folder; the command of the server follows. The first line tells how the stream is packed, and that a server
// may be started. Then blocks come from each channel in turn, the first of which is the input: a line with a number of
// bytes, and these; 0 is the end. dd, since it takes no byte more than it is told to.
const JOIN = `
folder=$1
shift
umask 077
mkdir "$folder"
trap 'rm -rf "$folder"' EXIT
trap 'exit 143' TERM HUP
trap '' PIPE
mkfifo "$folder/1" "$folder/2" "$folder/3"
IFS= read -r unpack || exit 0
{
  # To open a fifo is to wait for who writes to it, perhaps without an end.
  tries=0
  until [ -e "$folder/1.ready" ] && [ -e "$folder/2.ready" ] && [ -e "$folder/3.ready" ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] || exit 1
    sleep 0.1 2>/dev/null || sleep 1
  done
  exec 4<"$folder/1" 5<"$folder/2" 6<"$folder/3"
  rm -rf "$folder"
  {
    while :; do
      for channel in 0 4 5 6; do
        IFS= read -r size <&$channel || exit 1
        [ "$size" -gt 0 ] || exit 0
        dd bs="$size" count=1 iflag=fullblock <&$channel 2>/dev/null || exit 1
      done
    done
  } | "$unpack" -dc
} | "$@"
`;

/** The command that joins what comes over the channels, for a server that is started by `command`. */
export function joining(folder: string, command: readonly string[]): string[] {
  return ["sh", "-euc", JOIN, "receive", folder, ...command];
}

// $1 the fifo. It is made by another command, which may come later.
const CARRY = `
tries=0
until [ -p "$1" ]; do
  tries=$((tries + 1))
  [ "$tries" -lt 300 ] || exit 1
  sleep 0.1 2>/dev/null || sleep 1
done
: >"$1.ready"
exec cat >"$1"
`;

/** The command of the channel of this number, from 1 on. */
export function carrying(folder: string, channel: number): string[] {
  return ["sh", "-euc", CARRY, "carry", `${folder}/${channel}`];
}

/** What joins, and what carries: a receiver of one packed stream. Disposal ends all of it. */
export class Stripes implements Receiver {
  /** Takes the channels over; `opened` tells whether the server grants all of them. */
  constructor(
    readonly main: Dialogue,
    readonly others: readonly Dialogue[],
    readonly opened: Promise<boolean> = Promise.resolve(true),
  ) {}

  /** Over how many channels its stream goes. */
  get channels(): number {
    return this.others.length + 1;
  }

  /** What the server answers. */
  get answers(): Receiver["answers"] {
    return this.main.answers;
  }

  /** Sends a stream: its first part over the first channel, then one part over each in turn. */
  async pour(parts: AsyncIterable<Uint8Array>): Promise<void> {
    const channels = [this.main, ...this.others];
    const lanes = channels.map(() => new Lane());
    const pouring = channels.map(async (channel, index) => {
      const lane = lanes[index]!;
      try {
        await channel.pour(lane.parts());
      } finally {
        lane.close();
      }
    });
    const dealing = deal(parts, lanes).then(async (all) => {
      if (all) return;
      // Without one channel the others are of no use, and the server would wait for them.
      const error = new AnswerError(`${this.answers.who}: grants no ${CHANNELS} channels at once`, {
        hint: "see MaxSessions in its sshd_config",
      });
      const why = await this.main.failure(error);
      await this[Symbol.asyncDispose]();
      throw why;
    });
    await Promise.all([dealing, ...pouring]);
  }

  /** Says that nothing more comes. */
  finish(): void {
    for (const channel of [this.main, ...this.others]) channel.finish();
  }

  /** Why it ended before it had answered. */
  failure(error: unknown): Promise<unknown> {
    return this.main.failure(error);
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.main, ...this.others].map((one) => one[Symbol.asyncDispose]()));
  }
}

/** Deals a stream out; false when a channel took no more of it. */
async function deal(parts: AsyncIterable<Uint8Array>, lanes: readonly Lane[]): Promise<boolean> {
  const line = (size: number) => new TextEncoder().encode(`${size}\n`);
  try {
    let count = -1;
    for await (const part of parts) {
      const lane = lanes[Math.max(count, 0) % lanes.length]!;
      const taken = count < 0 ? lane.put(part) : lane.put(line(part.length), part);
      if (!await taken) return false;
      count++;
    }
    return await lanes[Math.max(count, 0) % lanes.length]!.put(line(0));
  } catch (error) {
    for (const lane of lanes) lane.fail(error);
    throw error;
  } finally {
    for (const lane of lanes) lane.end();
  }
}

/** How many blocks may wait for one channel. */
const WAITING = 2;

/** What goes over one channel. */
class Lane {
  readonly #queue: Uint8Array[][] = [];
  #ended = false;
  #closed = false;
  #failed: { error: unknown } | undefined;
  #changed = Promise.withResolvers<void>();

  /** Adds a block once there is room; false when the channel takes nothing more. */
  async put(...block: Uint8Array[]): Promise<boolean> {
    while (this.#queue.length >= WAITING && !this.#closed) await this.#changed.promise;
    if (this.#closed) return false;
    this.#queue.push(block);
    this.#change();
    return true;
  }

  end(): void {
    this.#ended = true;
    this.#change();
  }

  fail(error: unknown): void {
    this.#failed = { error };
    this.#change();
  }

  close(): void {
    this.#closed = true;
    this.#change();
  }

  async *parts(): AsyncGenerator<Uint8Array> {
    for (;;) {
      if (this.#failed) throw this.#failed.error;
      const block = this.#queue.shift();
      if (block) {
        this.#change();
        yield* block;
      } else if (this.#ended || this.#closed) return;
      else await this.#changed.promise;
    }
  }

  #change(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
