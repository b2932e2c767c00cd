import { assert, assertEquals, assertRejects } from "@std/assert";
import { compressed, joinSmall } from "../../lib/copy/transfer/compressor.ts";
import { within } from "../../lib/async.ts";
import type { Brake } from "../../lib/copy/policy.ts";
import { InputQueue } from "../../lib/copy/transfer/input_queue.ts";
import { parseSockets } from "../../lib/copy/transfer/socket_queue.ts";
import { parseLoad } from "../../lib/copy/transfer/target_load.ts";
import { leastRoundTrip, LinkMeter, RateMeter } from "../../lib/copy/transfer/link_meter.ts";
import { CommandError } from "../../lib/errors.ts";

const rates: readonly [
  bytes: number,
  seconds: number,
  brake: Brake | "pending",
  rate: number | undefined,
][] = [
  // Too few fill no buffers; fast enough is fast enough, whatever it waits for.
  [8e6, 2, "link", undefined],
  [32e6, 2, "link", 16e6],
  [32e6, 2, "there", undefined],
  [32e6, 2, "pending", undefined],
  [100e6, 2, "there", 50e6],
];
for (const [bytes, seconds, brake, rate] of rates) {
  Deno.test(`LinkMeter tells ${rate} of ${bytes} bytes that waited for ${brake}`, async () => {
    const watch = { find: () => brake, stop() {}, [Symbol.dispose]() {} };
    using meter = new LinkMeter(() => watch);
    const began = performance.now();
    const parts = ReadableStream.from([new Uint8Array(bytes / 2), new Uint8Array(bytes / 2)]);
    await parts.pipeThrough(meter.passing()).pipeTo(new WritableStream());
    const found = meter.link(began + 1000 * seconds)?.rate;
    if (rate === undefined) assertEquals(found, undefined);
    else assert(Math.abs((found ?? NaN) - rate) < 0.3 * rate, `${found}`);
  });
}

Deno.test("parseSockets() reads established connections, and nothing else", () => {
  const head =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
  const line = (state: string, queue: string, inode: number) =>
    `  92: 0100007F:8251 0100007F:8134 ${state} ${queue}:00000000 01:00000014 00000000     0        0 ${inode} 4 0 20 4 9 18 -1`;
  const list = [head, line("01", "0000003C", 5), line("0A", "00000000", 6), line("01", "0010", 7)];
  assertEquals(parseSockets(list.join("\n")), [{ inode: 5, waiting: 60 }]);
  const six = line("01", "00000001", 8).replaceAll("0100007F", "0".repeat(32));
  assertEquals(parseSockets(six), [{ inode: 8, waiting: 1 }]);
});

Deno.test("parseLoad() reads shares, and nothing where there are none", () => {
  const none = { unread: undefined, idleThere: undefined };
  assertEquals(parseLoad("hello\nlooks 5 2\ntimes 200 50\n"), { unread: 0.4, idleThere: 0.25 });
  assertEquals(["", "looks 0 0\ntimes 5 x\n", "looks -1 3"].map(parseLoad), [none, none, none]);
  assertEquals(parseLoad("looks 5 9\n").unread, 1);
});

Deno.test("InputQueue lets who writes run ahead, so far and no farther", async () => {
  const queue = new InputQueue(100);
  const [first, second] = [queue.write(new Uint8Array(90)), queue.write(new Uint8Array(20))];
  assertEquals([await first, await within(second, 10)], [true, undefined]);
  const reader = queue.stream.getReader();
  assertEquals([(await reader.read()).value?.length, await second], [90, true]);
  queue.finish();
  assertEquals([(await reader.read()).value?.length, (await reader.read()).done], [20, true]);
  assertEquals(await queue.write(new Uint8Array(1)), false);
});

Deno.test("InputQueue tells who writes that nobody reads any more, and who reads what went wrong", async () => {
  const [given, broken] = [new InputQueue(0), new InputQueue(0)];
  const writing = given.write(new Uint8Array(1));
  await given.stream.cancel();
  assertEquals([await writing, await given.write(new Uint8Array(1))], [false, false]);
  const reading = broken.stream.getReader().read();
  broken.end(new Error("half of it"));
  await assertRejects(() => reading, Error, "half of it");
});

Deno.test("RateMeter tells the rate of the last sample, and nothing of what fills buffers", () => {
  const meter = new RateMeter();
  meter.took(20e6, 60_000);
  assertEquals(meter.rate, undefined);
  meter.took(6e6, 60_500);
  assertEquals(meter.rate, undefined);
  meter.took(6e6, 61_000);
  assertEquals(meter.rate, 12e6);
  meter.took(20e6, 63_000);
  assertEquals(meter.rate, 10e6);
});

Deno.test("leastRoundTrip() takes off what may have been waited for", () => {
  assertEquals([undefined, 30, 100].map(leastRoundTrip), [0, 0, 30]);
});

const { signal } = new AbortController();
const bytesOf = (size: number) => Uint8Array.from({ length: size }, (_, i) => (i * i) >> 5);

for (const format of ["zstd", "gzip"] as const) {
  Deno.test(`${format} reads what compressed() makes`, async () => {
    const parts = [0, 1, 131_073, 400_000].map(bytesOf);
    const child = new Deno.Command(format, { args: ["-dc"], stdin: "piped", stdout: "piped" })
      .spawn();
    const stream = compressed(ReadableStream.from(parts), format, signal);
    const fed = ReadableStream.from(stream).pipeTo(child.stdin);
    const all = await new Response(child.stdout).bytes();
    await fed;
    assert((await child.status).success);
    assertEquals(all, await new Response(ReadableStream.from(parts)).bytes());
  });
}

Deno.test("compressed() says what failed", async () => {
  const format = "false" as "gzip";
  const parts = ReadableStream.from([bytesOf(5)]);
  await assertRejects(
    () => Array.fromAsync(compressed(parts, format, signal)),
    CommandError,
    "failed with exit code 1",
  );
});

Deno.test("compressed() fails with its source, and ends it when it is not read on", async () => {
  const broken = (async function* () {
    yield bytesOf(5);
    throw new Error("broken");
  })();
  await assertRejects(() => Array.fromAsync(compressed(broken, "zstd", signal)), Error, "broken");
  const ended = Promise.withResolvers<void>();
  const endless = (async function* () {
    try {
      for (;;) yield crypto.getRandomValues(new Uint8Array(60_000));
    } finally {
      ended.resolve();
    }
  })();
  for await (const _ of compressed(endless, "zstd", signal)) break;
  await ended.promise;
});

Deno.test("joinSmall() joins small parts and leaves large ones alone", async () => {
  const join = async (lengths: number[]) => {
    const parts = ReadableStream.from(lengths.map((length) => new Uint8Array(length)));
    return (await Array.fromAsync(joinSmall(parts))).map(({ length }) => length);
  };
  assertEquals(await join([]), []);
  assertEquals(await join([1, 2, 3]), [6]);
  assertEquals(await join([1, 50_000, 2, 3]), [1, 50_000, 5]);
  assertEquals(await join([30_000, 30_000, 10_000]), [60_000, 10_000]);
});
