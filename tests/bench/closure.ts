/**
 * Closures to copy, made up: always the same, and about as compressible as a real system.
 *
 * They are written in the format of `nix-store --export` and imported: a few seconds for what would take
 * minutes with one derivation, or one `nix-store --add`, a path.
 *
 * @module
 */
import { joinSmall } from "../../lib/copy/transfer/compressor.ts";
import { NIX_CONFIG } from "../vm/nix.ts";

/** The closures of the benchmark; `part` is a quarter of `real`, `few` takes half a second at 100 Mbit. */
export type ClosureName = "big" | "small" | "real" | "part" | "few";

/** One store path: its bytes in a single file, and which of the earlier paths it refers to. */
export interface Item {
  readonly name: string;
  readonly bytes: number;
  /** Indexes of paths that come before it, or its own. */
  readonly references: readonly number[];
}

/** A number from 0 to 1, and the next one at the next call: the same for the same seed. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The paths of a closure, the last of which refers to all others, directly or not. */
export function closureItems(name: ClosureName): readonly Item[] {
  switch (name) {
    case "big":
      return withTop(name, Array.from({ length: 5 }, (_, i) => item(`big-${i}`, 100_000_000)));
    case "small":
      return withTop(name, Array.from({ length: 3000 }, (_, i) => item(`small-${i}`, 4096)));
    case "real":
      return withTop(name, realItems(1499, 600_000_000));
    case "few":
      return withTop(name, Array.from({ length: 6 }, (_, i) => item(`few-${i}`, 1_000_000)));
    case "part":
      return withTop(name, realItems(399, 150_000_000));
  }
}

/**
 * Sizes as a NixOS system's are: log-normal, with half of the paths below 40 KB and most of the bytes in
 * a few dozen of them; each path refers to the first ("glibc") and to some of the paths shortly before.
 */
function realItems(count: number, bytes: number): Item[] {
  const random = randomNumbers(7);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const sizes = Array.from({ length: count }, () => Math.exp(10.5 + 2.3 * normal()));
  const scale = bytes / sizes.reduce((sum, size) => sum + size, 0);
  return sizes.map((size, i) => {
    const references = new Set(i > 0 && random() < 0.8 ? [0] : []);
    for (let more = Math.floor(random() * 5); more > 0 && i > 0; more--) {
      references.add(Math.floor(i * (1 - random() ** 2)));
    }
    return item(`real-${i}`, Math.max(64, Math.round(size * scale)), [...references]);
  });
}

function item(name: string, bytes: number, references: readonly number[] = []): Item {
  return { name, bytes, references };
}

function withTop(name: ClosureName, items: readonly Item[]): Item[] {
  return [...items, item(`${name}-top`, 1000, items.map((_, i) => i))];
}

const BASE32 = "0123456789abcdfghijklmnpqrsvwxyz";
const POOL = 32 * 1024 * 1024;

/** A path's name in the store: any 32 characters do, and the same ones each time. */
export function pathOf({ name }: Item): string {
  let seed = 0;
  for (const char of name) seed = Math.imul(seed, 31) + char.charCodeAt(0);
  const random = randomNumbers(seed);
  const hash = Array.from({ length: 32 }, () => BASE32[Math.floor(random() * 32)]).join("");
  return `/nix/store/${hash}-${name}`;
}

/** Bytes that zstd and gzip shrink to less than half: words that come again, between random ones. */
function makePool(size: number): Uint8Array {
  const random = randomNumbers(1);
  const words = Array.from({ length: 3000 }, () => noise(6 + Math.floor(random() * 30), random));
  const pool = new Uint8Array(size);
  for (let at = 0; at < size;) {
    const part = random() < 0.82
      ? words[Math.floor(random() ** 2 * words.length)]!
      : noise(Math.ceil(random() * 20), random);
    const fits = part.subarray(0, size - at);
    pool.set(fits, at);
    at += fits.length;
  }
  return pool;
}

function noise(length: number, random: () => number): Uint8Array {
  return Uint8Array.from({ length }, () => Math.floor(random() * 256));
}

/** Imports a closure into a store and returns the path of its last item. */
export async function importClosure(items: readonly Item[], store: string): Promise<string> {
  const child = new Deno.Command("nix-store", {
    args: ["--store", store, "--import"],
    env: { NIX_CONFIG },
    stdin: "piped",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const said = new Response(child.stderr).text();
  const stream = ReadableStream.from(joinSmall(exportStream(items)));
  const fed = stream.pipeTo(child.stdin).catch(() => {});
  const { success } = await child.status;
  await fed;
  if (!success) throw new Error(`nix-store --import: ${await said}`);
  await said;
  return pathOf(items.at(-1)!);
}

/** The closure in the format that `nix-store --import` reads. */
export async function* exportStream(items: readonly Item[]): AsyncGenerator<Uint8Array> {
  const pool = makePool(Math.min(POOL, items.reduce((sum, { bytes }) => sum + bytes, 1)));
  for (const [index, one] of items.entries()) {
    yield number(1);
    yield* ["nix-archive-1", "(", "type", "regular", "contents"].map(text);
    yield number(one.bytes);
    // Each path has its own place in the pool, so that few paths are alike.
    let from = (index * 7_919_993) % pool.length;
    for (let left = one.bytes; left > 0;) {
      const part = pool.subarray(from, from + left);
      yield part;
      left -= part.length;
      from = 0;
    }
    yield new Uint8Array((8 - one.bytes % 8) % 8);
    yield text(")");
    yield number(0x4558494e);
    yield text(pathOf(one));
    yield number(one.references.length);
    const references = one.references.map((other) => pathOf(items[other]!)).sort();
    yield* references.map(text);
    yield text("");
    yield number(0);
  }
  yield number(0);
}

function number(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
  return bytes;
}

function text(value: string): Uint8Array {
  const bytes = new TextEncoder().encode(value);
  const padded = new Uint8Array(8 + Math.ceil(bytes.length / 8) * 8);
  padded.set(number(bytes.length));
  padded.set(bytes, 8);
  return padded;
}
