import { assertEquals } from "@std/assert";
import { Replay } from "../../lib/ssh/replay.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const read = async (reader: ReadableStreamDefaultReader<Uint8Array>) => {
  const { value } = await reader.read();
  return value && new TextDecoder().decode(value);
};

Deno.test("Replay gives each attempt the same bytes, and takes nothing for one that was given up", async () => {
  let source!: ReadableStreamDefaultController<Uint8Array>;
  await using replay = new Replay(new ReadableStream({ start: (one) => void (source = one) }));
  const first = replay.attempt().getReader();
  source.enqueue(bytes("a"));
  assertEquals(await read(first), "a");
  const pending = first.read();
  const second = replay.attempt().getReader();
  assertEquals(await read(second), "a");
  replay.commit();
  const next = read(second);
  source.enqueue(bytes("b"));
  assertEquals([await next, (await pending).value], ["b", undefined]);
  source.enqueue(bytes("c"));
  source.close();
  assertEquals([await read(second), await read(second)], ["c", undefined]);
});

Deno.test("Replay hands on what its source failed of", async () => {
  const source = new ReadableStream<Uint8Array>({ pull: (one) => one.error(new Error("shrank")) });
  await using replay = new Replay(source);
  for (let time = 0; time < 2; time++) {
    const error = await replay.attempt().getReader().read().then(() => undefined, (error) => error);
    assertEquals(error?.message, "shrank");
  }
});

Deno.test("Replay gives its source up with itself", async () => {
  let given = false;
  const source = new ReadableStream<Uint8Array>({ cancel: () => void (given = true) });
  {
    await using replay = new Replay(source);
    await replay.attempt().cancel();
    assertEquals(given, false);
  }
  assertEquals(given, true);
});
