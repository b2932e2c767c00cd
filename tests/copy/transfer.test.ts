import { assert, assertEquals, assertRejects } from "@std/assert";
import { compressed, joinSmall } from "../../lib/copy/transfer/compressor.ts";
import { leastRoundTrip, LinkMeter, RateMeter } from "../../lib/copy/transfer/link_meter.ts";
import { CommandError } from "../../lib/errors.ts";

Deno.test("LinkMeter tells the rate of what was long enough, and nothing of the rest", async () => {
  for (const [bytes, rate] of [[8e6, undefined], [32e6, 16e6]] as const) {
    const meter = new LinkMeter();
    const began = performance.now();
    const parts = ReadableStream.from([new Uint8Array(bytes / 2), new Uint8Array(bytes / 2)]);
    await parts.pipeThrough(meter.passing()).pipeTo(new WritableStream());
    const found = meter.link(began + 2000)?.rate;
    if (rate === undefined) assertEquals(found, undefined);
    else assert(Math.abs((found ?? NaN) - rate) < 0.2 * rate, `${found}`);
  }
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
