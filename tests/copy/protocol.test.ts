import { assertEquals, assertRejects } from "@std/assert";
import { referencesFirst, totalSize } from "../../lib/copy/protocol/path_order.ts";
import { ServeReader } from "../../lib/copy/protocol/serve_reader.ts";
import { addPath, encode, type PathInfo } from "../../lib/copy/protocol/serve_requests.ts";
import { AnswerError } from "../../lib/errors.ts";

function info(path: string, ...references: string[]): PathInfo {
  return { path, references, deriver: "", narSize: 8, narHash: "", ca: "", signatures: [] };
}

const orders: readonly [title: string, infos: PathInfo[], missing: string, order: string][] = [
  ["nothing", [], "", ""],
  ["nothing that is there", [info("a"), info("b", "a")], "", ""],
  ["references first", [info("c", "b", "a"), info("b", "a"), info("a")], "abc", "abc"],
  ["only what is missing", [info("c", "b", "a"), info("b", "a"), info("a")], "ca", "ac"],
  ["references to themselves", [info("b", "b", "a"), info("a", "a")], "ab", "ab"],
  ["references out of the closure", [info("b", "x", "a"), info("a")], "ab", "ab"],
  [
    "a diamond once",
    [info("d", "b", "c"), info("c", "a"), info("b", "a"), info("a")],
    "abcd",
    "acbd",
  ],
];
for (const [title, infos, missing, order] of orders) {
  Deno.test(`referencesFirst() gives ${title}`, () => {
    const sorted = referencesFirst(infos, new Set(missing));
    assertEquals(sorted.map(({ path }) => path).join(""), order);
    assertEquals(totalSize(sorted), 8 * order.length);
  });
}

Deno.test("referencesFirst() is not afraid of long chains", () => {
  const chain = Array.from({ length: 50_000 }, (_, i) => info(`${i}`, `${i + 1}`));
  const sorted = referencesFirst(chain, new Set(chain.map(({ path }) => path)));
  assertEquals([sorted.length, sorted[0]?.path], [50_000, "49999"]);
});

function reader(...parts: Uint8Array[]): ServeReader {
  return new ServeReader(ReadableStream.from(parts), "web");
}

Deno.test("encode() writes what ServeReader reads, however it is cut", async () => {
  const bytes = encode(7, "", "ünï", ["a", "12345678"], 2 ** 40);
  assertEquals(bytes.length % 8, 0);
  for (const size of [1, 7, 8, 1000]) {
    const parts = Array.from(
      { length: Math.ceil(bytes.length / size) },
      (_, i) => bytes.slice(i * size, (i + 1) * size),
    );
    const from = reader(...parts);
    const values = [await from.number(), await from.text(), await from.text(), await from.texts()];
    assertEquals([...values, await from.number()], [7, "", "ünï", ["a", "12345678"], 2 ** 40]);
  }
});

Deno.test("addPath() holds all that is known of a path", async () => {
  const known = { ...info("/p", "/q"), deriver: "/d", narHash: "sha256:0", signatures: ["s"] };
  const from = reader(addPath(known));
  assertEquals([await from.number(), await from.text(), await from.text()], [9, "/p", "/d"]);
  assertEquals([await from.text(), await from.texts()], ["sha256:0", ["/q"]]);
  assertEquals([await from.number(), await from.number(), await from.number()], [0, 8, 0]);
  assertEquals([await from.texts(), await from.text()], [["s"], ""]);
});

const wrong: readonly [
  title: string,
  bytes: Uint8Array,
  read: (from: ServeReader) => Promise<unknown>,
][] = [
  ["nothing", new Uint8Array(), (from) => from.number()],
  ["half a number", new Uint8Array(5), (from) => from.number()],
  ["a number too large", new Uint8Array(8).fill(255), (from) => from.number()],
  ["a text too long", encode(1e9), (from) => from.text()],
  ["a list too long", encode(1e9), (from) => from.texts()],
  ["another program", new TextEncoder().encode("Last login: Monday"), (from) => from.greeting()],
  ["an older version", encode(0x5452eecb, 0x204), (from) => from.greeting()],
  ["a newer language", encode(0x5452eecb, 0x300), (from) => from.greeting()],
];
for (const [title, bytes, read] of wrong) {
  Deno.test(`ServeReader refuses ${title}`, async () => {
    await assertRejects(() => read(reader(bytes)), AnswerError, "web: nix-store --serve");
  });
}

Deno.test("ServeReader reads what is known of paths, however it is cut", async () => {
  const one = ["/p", "/d", ["/q", "/p"], 5, 2 ** 33, "sha256:0", "", ["s"]] as const;
  const two = ["/q", "", [], 0, 7, "sha256:1", "fixed:x", []] as const;
  const bytes = encode(...one, ...two, "", ["next"]);
  const infos = [
    { ...info("/p", "/q", "/p"), deriver: "/d", narSize: 2 ** 33, narHash: "sha256:0" },
    { ...info("/q"), narSize: 7, narHash: "sha256:1", ca: "fixed:x" },
  ];
  for (const size of [1, 9, 64, 1000]) {
    const parts = Array.from(
      { length: Math.ceil(bytes.length / size) },
      (_, i) => bytes.slice(i * size, (i + 1) * size),
    );
    const from = reader(...parts);
    assertEquals(await from.infos(), [{ ...infos[0]!, signatures: ["s"] }, infos[1]!]);
    assertEquals([await from.texts(), await from.ended()], [["next"], true]);
  }
});
