import { assert, assertEquals } from "@std/assert";
import { countBytes, rechunk } from "../../lib/files/stream.ts";

const filled = (length: number, from = 0) =>
  Uint8Array.from({ length }, (_, at) => (from + at) % 251);

async function chunksOf(size: number, lengths: readonly number[]): Promise<Uint8Array[]> {
  let from = 0;
  const source = lengths.map((length) => filled(length, (from += length) - length));
  return await Array.fromAsync(ReadableStream.from(source).pipeThrough(rechunk(size)));
}

const cases: readonly [lengths: number[], wanted: number[]][] = [
  [[], []],
  [[0, 0], []],
  [[1], [1]],
  [[4], [4]],
  [[3, 1, 4], [4, 4]],
  [[1, 1, 1, 1, 1], [4, 1]],
  [[9], [4, 4, 1]],
  [[3, 0, 6, 2], [4, 4, 3]],
];

for (const [lengths, wanted] of cases) {
  Deno.test(`rechunk() makes ${JSON.stringify(wanted)} of ${JSON.stringify(lengths)}`, async () => {
    const chunks = await chunksOf(4, lengths);
    assertEquals(chunks.map(({ length }) => length), wanted);
    assertEquals(chunks.flatMap((chunk) => [...chunk]), [
      ...filled(lengths.reduce((sum, length) => sum + length, 0)),
    ]);
  });
}

Deno.test("rechunk() never writes into a chunk that it has given away", async () => {
  const chunks = await chunksOf(4, Array(40).fill(1));
  assertEquals(chunks.flatMap((chunk) => [...chunk]), [...filled(40)]);
});

Deno.test("countBytes() passes everything on and tells the total at the end", async () => {
  const told: number[] = [];
  const source = ReadableStream.from([filled(10), filled(0), filled(5)]);
  const passed = await Array.fromAsync(source.pipeThrough(countBytes((done) => told.push(done))));
  assertEquals(passed.map(({ length }) => length), [10, 0, 5]);
  assertEquals(told.at(-1), 15);
  assert(told.every((done, at) => at === 0 || done >= told[at - 1]!));
});

Deno.test("countBytes() tells of many chunks at most ten times a second", async () => {
  let told = 0;
  const source = ReadableStream.from(Array(5000).fill(filled(1)));
  const began = performance.now();
  await Array.fromAsync(source.pipeThrough(countBytes(() => told++)));
  assert(told <= 3 + (performance.now() - began) / 100, `${told} times`);
});
