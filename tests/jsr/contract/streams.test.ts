import { assertEquals, assertRejects } from "@std/assert";
import * as streams from "@std/streams";
import { TextLineStream } from "@std/streams/text-line-stream";
import { FixedChunkStream } from "@std/streams/unstable-fixed-chunk-stream";

const bytes = (...numbers: number[]) => new Uint8Array(numbers);
const encoded = (...texts: string[]) =>
  ReadableStream.from(texts.map((text) => new TextEncoder().encode(text)));

const lines: readonly [title: string, pieces: string[], cr: boolean, expected: string[]][] = [
  ["joins pieces", ["a", "b\nc", "", "\n"], false, ["ab", "c"]],
  ["keeps empty lines and a last one without an end", ["\n\na"], false, ["", "", "a"]],
  ["takes carriage return and line feed as one end", ["a\r", "\nb\r\n"], false, ["a", "b"]],
  ["keeps a lone carriage return", ["a\rb\n", "c\r"], false, ["a\rb", "c\r"]],
  ["splits at a carriage return when allowed", ["a\rb\r\r\nc\r", "d"], true, [
    ...["a", "b", "", "c", "d"],
  ]],
  ["drops a last carriage return when allowed", ["a\r"], true, ["a"]],
  ["waits for a line feed when allowed", ["a\r", "\nb"], true, ["a", "b"]],
  ["gives nothing for nothing", [""], false, []],
];

for (const [title, pieces, allowCR, expected] of lines) {
  Deno.test(`TextLineStream ${title}`, async () => {
    const stream = ReadableStream.from(pieces).pipeThrough(new TextLineStream({ allowCR }));
    assertEquals(await Array.fromAsync(stream), expected);
  });
}

Deno.test("FixedChunkStream gives chunks of one size and a shorter last", async () => {
  const stream = ReadableStream.from([bytes(1), bytes(2, 3, 4, 5, 6, 7), bytes(), bytes(8)]);
  const chunks = await Array.fromAsync(stream.pipeThrough(new FixedChunkStream(3)));
  assertEquals(chunks, [bytes(1, 2, 3), bytes(4, 5, 6), bytes(7, 8)]);
});

Deno.test("toText() reads bytes cut inside a character, and strings", async () => {
  const euro = new TextEncoder().encode("a€b");
  const cut = ReadableStream.from([euro.subarray(0, 2), euro.subarray(2)]);
  assertEquals(await streams.toText(cut), "a€b");
  assertEquals(await streams.toText(ReadableStream.from(["a", "€"])), "a€");
});

Deno.test("toBytes() reads everything", async () => {
  const all = await streams.toBytes(ReadableStream.from([bytes(1, 2), bytes(3)]));
  assertEquals(all, bytes(1, 2, 3));
});

Deno.test("LimitedBytesTransformStream ends before the chunk that is too much", async () => {
  const stream = encoded("abc", "def", "g")
    .pipeThrough(new streams.LimitedBytesTransformStream(5));
  assertEquals(await streams.toText(stream), "abc");
});

Deno.test("LimitedBytesTransformStream fails with a RangeError when told to", async () => {
  const limit = new streams.LimitedBytesTransformStream(5, { error: true });
  await assertRejects(() => streams.toText(encoded("abc", "def").pipeThrough(limit)), RangeError);
});

Deno.test("mergeReadableStreams() gives every chunk of every stream", async () => {
  const merged = streams.mergeReadableStreams(
    ReadableStream.from(["a", "b"]),
    ReadableStream.from(["c"]),
  );
  assertEquals((await Array.fromAsync(merged)).sort(), ["a", "b", "c"]);
});

Deno.test("mergeReadableStreams() fails when one stream fails", async () => {
  const failing = new ReadableStream<string>({
    pull(controller) {
      controller.error(new RangeError("broken"));
    },
  });
  const merged = streams.mergeReadableStreams(failing, ReadableStream.from(["a"]));
  await assertRejects(() => Array.fromAsync(merged), RangeError, "broken");
});

Deno.test("concatReadableStreams() keeps the order", async () => {
  const stream = streams.concatReadableStreams(
    ReadableStream.from(["a", "b"]),
    ReadableStream.from(["c"]),
  );
  assertEquals(await Array.fromAsync(stream), ["a", "b", "c"]);
});

Deno.test("toTransformStream() pipes through a generator", async () => {
  const doubled = streams.toTransformStream(async function* (source: ReadableStream<number>) {
    for await (const number of source) yield number * 2;
  });
  assertEquals(await Array.fromAsync(ReadableStream.from([1, 2]).pipeThrough(doubled)), [2, 4]);
});
