import { assert, assertEquals, assertRejects } from "@std/assert";
import { commonFormat, Gauge, Pace, seemsSlow, SLOW, worthPacking } from "../../lib/copy/link.ts";
import { sendingOrder, totalSize } from "../../lib/copy/order.ts";
import { compress, inBlocks, joinSmall, storedFrame } from "../../lib/copy/pack.ts";
import { packer } from "../../lib/copy/packer.ts";
import { WireReader } from "../../lib/copy/reader.ts";
import { announce, encode, type PathInfo } from "../../lib/copy/wire.ts";
import { AnswerError, CommandError } from "../../lib/errors.ts";

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
  Deno.test(`sendingOrder() gives ${title}`, () => {
    const sorted = sendingOrder(infos, new Set(missing));
    assertEquals(sorted.map(({ path }) => path).join(""), order);
    assertEquals(totalSize(sorted), 8 * order.length);
  });
}

Deno.test("sendingOrder() is not afraid of long chains", () => {
  const chain = Array.from({ length: 50_000 }, (_, i) => info(`${i}`, `${i + 1}`));
  const sorted = sendingOrder(chain, new Set(chain.map(({ path }) => path)));
  assertEquals([sorted.length, sorted[0]?.path], [50_000, "49999"]);
});

Deno.test("commonFormat() takes what both sides have", () => {
  const all = new Set(["zstd", "gzip"]);
  const gzip = new Set(["gzip"]);
  assertEquals(commonFormat(all, all), "zstd");
  assertEquals(commonFormat(all, gzip), "gzip");
  assertEquals(commonFormat(gzip, all), "gzip");
  assertEquals(commonFormat(all, new Set()), "none");
});

Deno.test("seemsSlow() believes a rate, then the round trip", () => {
  assertEquals([seemsSlow({}), seemsSlow({ rtt: 0.5 }), seemsSlow({ rtt: 50 })], [
    false,
    false,
    true,
  ]);
  assertEquals([seemsSlow({ rtt: 50, rate: 1e9 }), seemsSlow({ rtt: 0, rate: 1e6 })], [
    false,
    true,
  ]);
});

Deno.test("Pace compresses on a far link what has to wait", () => {
  const far = new Pace(true);
  assertEquals([far.compress(0), far.compress(1)], [false, true]);
});

Deno.test("Pace learns that a near link is slow, and stays with it", () => {
  const near = new Pace(false);
  near.took(20e6, 60_000); // what started meanwhile is not the link
  assert(!near.slow);
  near.took(20e6, 60_000 + 20e6 / SLOW * 1000 * 0.9);
  assert(!near.slow && !near.compress(3));
  near.took(20e6, 100_000);
  assert(near.slow && near.compress(3));
  for (let i = 0; i < 10; i++) near.took(100e6, 100_000);
  assert(near.slow);
});

Deno.test("worthPacking() wants a slow link, and more than it takes in two seconds", () => {
  assert(worthPacking({ rtt: 50 }, 1));
  assert(!worthPacking({ rtt: 50, rate: 1e9 }, 1e12));
  assert(!worthPacking({ rtt: 0, rate: 1e6 }, 1.9e6));
  assert(worthPacking({ rtt: 0, rate: 1e6 }, 2.1e6));
});

Deno.test("Gauge tells the rate of what was long enough, and nothing of the rest", async () => {
  for (const [bytes, rate] of [[8e6, undefined], [32e6, 16e6]] as const) {
    const gauge = new Gauge();
    const began = performance.now();
    const parts = ReadableStream.from([new Uint8Array(bytes / 2), new Uint8Array(bytes / 2)]);
    await parts.pipeThrough(gauge.passing()).pipeTo(new WritableStream());
    const found = gauge.link(began + 2000)?.rate;
    if (rate === undefined) assertEquals(found, undefined);
    else assert(Math.abs((found ?? NaN) - rate) < 0.2 * rate, `${found}`);
  }
});

const sizes = [0, 1, 131_071, 131_072, 131_073, 400_000];
const bytesOf = (size: number) => Uint8Array.from({ length: size }, (_, i) => (i * i) >> 5);

for (const format of ["zstd", "gzip"] as const) {
  Deno.test(`${format} reads what is packed, block after block`, async () => {
    const parts: Uint8Array[] = [];
    for (const size of sizes) {
      if (format === "zstd") parts.push(storedFrame(bytesOf(size)));
      parts.push(await compress(bytesOf(size), format));
    }
    const child = new Deno.Command(format, { args: ["-dc"], stdin: "piped", stdout: "piped" })
      .spawn();
    const fed = ReadableStream.from(parts).pipeTo(child.stdin);
    const all = await new Response(child.stdout).bytes();
    await fed;
    assert((await child.status).success);
    const times = format === "zstd" ? 2 : 1;
    const wanted = sizes.flatMap((size) => Array.from({ length: times }, () => bytesOf(size)));
    assertEquals(all, await new Response(ReadableStream.from(wanted)).bytes());
  });
}

Deno.test("compress() says what failed", async () => {
  const format = "false" as "gzip";
  await assertRejects(() => compress(bytesOf(5), format), CommandError, "failed with exit code 1");
});

Deno.test("inBlocks() joins and cuts", async () => {
  const cut = async (lengths: number[]) => {
    const parts = ReadableStream.from(lengths.map((length) => new Uint8Array(length)));
    return (await Array.fromAsync(inBlocks(parts, 4))).map(({ length }) => length);
  };
  assertEquals(await cut([]), []);
  assertEquals(await cut([1, 1, 1, 1]), [4]);
  assertEquals(await cut([0, 9, 2]), [4, 4, 3]);
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

Deno.test("packer() packs in order and fails with its source", async () => {
  const options = {
    format: "none" as const,
    pace: new Pace(false),
    signal: new AbortController().signal,
    onTaken: (bytes: number) => void (taken += bytes),
  };
  let taken = 0;
  const parts = Array.from({ length: 20 }, (_, i) => new Uint8Array([i]));
  const all = await new Response(packer(ReadableStream.from(parts), options)).bytes();
  assertEquals([[...all], taken], [Array.from({ length: 20 }, (_, i) => i), 20]);
  const broken = (async function* () {
    yield new Uint8Array(1);
    throw new Error("broken");
  })();
  await assertRejects(() => new Response(packer(broken, options)).bytes(), Error, "broken");
});

function reader(...parts: Uint8Array[]): WireReader {
  return new WireReader(ReadableStream.from(parts), "web");
}

Deno.test("encode() writes what WireReader reads, however it is cut", async () => {
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

Deno.test("announce() holds all that is known of a path", async () => {
  const known = { ...info("/p", "/q"), deriver: "/d", narHash: "sha256:0", signatures: ["s"] };
  const from = reader(announce(known));
  assertEquals([await from.number(), await from.text(), await from.text()], [9, "/p", "/d"]);
  assertEquals([await from.text(), await from.texts()], ["sha256:0", ["/q"]]);
  assertEquals([await from.number(), await from.number(), await from.number()], [0, 8, 0]);
  assertEquals([await from.texts(), await from.text()], [["s"], ""]);
});

const wrong: readonly [
  title: string,
  bytes: Uint8Array,
  read: (from: WireReader) => Promise<unknown>,
][] = [
  ["nothing", new Uint8Array(), (from) => from.number()],
  ["half a number", new Uint8Array(5), (from) => from.number()],
  ["a number too large", new Uint8Array(8).fill(255), (from) => from.number()],
  ["a text too long", encode(1e9), (from) => from.text()],
  ["a list too long", encode(1e9), (from) => from.texts()],
  ["another program", new TextEncoder().encode("Last login: Monday"), (from) => from.hello()],
  ["an older version", encode(0x5452eecb, 0x204), (from) => from.hello()],
  ["a newer language", encode(0x5452eecb, 0x300), (from) => from.hello()],
];
for (const [title, bytes, read] of wrong) {
  Deno.test(`WireReader refuses ${title}`, async () => {
    await assertRejects(() => read(reader(bytes)), AnswerError, "web: nix-store --serve");
  });
}
