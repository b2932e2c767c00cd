import { assert, assertEquals, assertRejects } from "@std/assert";
import { start } from "../lib/process.ts";
import { PieceReader } from "../lib/pieces.ts";

Deno.test("PieceReader gives what a program says, small pieces and large ones, none of them changed later", async () => {
  await using child = start(["sh", "-c", "printf one; sleep 0.1; printf two; seq 1 100000"]);
  const reader = new PieceReader(child.stdout);
  const pieces: Uint8Array[] = [];
  for (let piece = await reader.read(); piece; piece = await reader.read()) pieces.push(piece);
  const errors = new PieceReader(child.stderr);
  // However often it is asked.
  for (const ended of [reader, errors, errors]) assertEquals(await ended.read(), undefined);
  const text = pieces.map((piece) => new TextDecoder().decode(piece)).join("");
  assertEquals(text, "onetwo" + Array.from({ length: 100_000 }, (_, at) => `${at + 1}\n`).join(""));
  assertEquals(new TextDecoder().decode(pieces[0]), "one");
  // A small piece does not hold the memory of a large one.
  assertEquals(pieces[0]?.buffer.byteLength, 3);
  assert(pieces.some(({ length }) => length > 32 * 1024));
});

Deno.test("PieceReader reads any stream of bytes, its failure and its end", async () => {
  const reader = new PieceReader(ReadableStream.from([Uint8Array.of(1), Uint8Array.of(2)]));
  assertEquals([await reader.read(), await reader.read(), await reader.read()], [
    Uint8Array.of(1),
    Uint8Array.of(2),
    undefined,
  ]);
  const pull = () => Promise.reject(new Error("gone"));
  for (
    const stream of [new ReadableStream({ type: "bytes", pull }), new ReadableStream({ pull })]
  ) {
    const failing = new PieceReader(stream);
    for (let tries = 0; tries < 2; tries++) {
      await assertRejects(() => failing.read(), Error, "gone");
    }
  }
  let cancelled = 0;
  const given = new PieceReader(
    new ReadableStream({ type: "bytes", cancel: () => void cancelled++ }),
  );
  await given.cancel();
  assertEquals(await given.read(), undefined);
  assertEquals(cancelled, 1);
});
