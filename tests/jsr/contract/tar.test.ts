import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { toBytes, toText } from "@std/streams";
import {
  assertValidLinkname,
  assertValidPath,
  assertValidTarStreamOptions,
  TarStream,
  type TarStreamEntry,
  type TarStreamInput,
  type TarStreamOptions,
} from "@std/tar";
import { UntarStream } from "@std/tar/untar-stream";

const stream = (text: string) => ReadableStream.from([new TextEncoder().encode(text)]);
const file = (path: string, text: string, options?: TarStreamOptions): TarStreamInput => ({
  ...{ type: "file", path, size: new TextEncoder().encode(text).length, readable: stream(text) },
  ...(options && { options }),
});
const pack = (...entries: TarStreamInput[]) =>
  toBytes(ReadableStream.from(entries).pipeThrough(new TarStream()));

/** What is in an archive; it comes in pieces of a size that fits nothing. */
async function unpack(archive: Uint8Array): Promise<[TarStreamEntry, string | undefined][]> {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < archive.length; at += 700) pieces.push(archive.slice(at, at + 700));
  const found: [TarStreamEntry, string | undefined][] = [];
  for await (const entry of ReadableStream.from(pieces).pipeThrough(new UntarStream())) {
    found.push([entry, entry.readable && await toText(entry.readable)]);
  }
  return found;
}

Deno.test("TarStream writes what UntarStream reads", async () => {
  const options = { mode: 0o600, uid: 1, gid: 2, mtime: 3, uname: "me", gname: "us" };
  const archive = await pack(
    { type: "directory", path: "d/" },
    file("d/a", "x".repeat(1025), options),
    file("empty", ""),
    { type: "symlink", path: "link", linkname: "d/a" },
  );
  assertEquals(archive.length, 512 * (1 + 1 + 3 + 1 + 1 + 2));
  const found = await unpack(archive);
  assertEquals(found.map(([{ path }, text]) => [path, text]), [
    ["d/", undefined],
    ["d/a", "x".repeat(1025)],
    ["empty", ""],
    ["link", undefined],
  ]);
  const headers = found.map(([{ header }]) => header);
  assertEquals(headers.map(({ typeflag }) => typeflag).join(""), "5002");
  assertEquals(headers.map(({ mode }) => mode), [0o755, 0o600, 0o644, 0o777]);
  assertEquals(headers[3]?.linkname, "d/a");
  const second = headers[1];
  assert(second && "magic" in second);
  const { name, size, uid, gid, mtime, magic, version, uname, gname, prefix } = second;
  assertEquals([name, size, uid, gid, mtime], ["d/a", 1025, 1, 2, 3]);
  assertEquals([magic, version, uname, gname, prefix], ["ustar\0", "00", "me", "us", ""]);
});

Deno.test("TarStream splits long paths", async () => {
  const path = `${"p".repeat(155)}/${"n".repeat(99)}`;
  const [entry] = await unpack(await pack(file(path, "a")));
  assertEquals(entry?.[0].path, path);
});

Deno.test("TarStream is read by the system's tar", async () => {
  const path = `${"p".repeat(90)}/${"q".repeat(60)}/n`;
  const child = new Deno.Command("tar", { args: ["-t"], stdin: "piped", stdout: "piped" }).spawn();
  const [output] = await Promise.all([
    child.output(),
    stream("").pipeTo(child.stdin, { preventClose: true }).then(async () => {
      const writer = child.stdin.getWriter();
      await writer.write(await pack(file(path, "a"), file("ü", "b")));
      await writer.close();
    }),
  ]);
  assert(output.success);
  assertEquals(new TextDecoder().decode(output.stdout).split("\n")[0], path);
});

Deno.test("UntarStream reads the system's tar", async () => {
  const dir = await Deno.makeTempDir();
  await Deno.writeTextFile(`${dir}/a`, "hello");
  await Deno.symlink("a", `${dir}/l`);
  const args = ["-c", "--format=gnu", "-C", dir, "a", "l"];
  const { stdout } = await new Deno.Command("tar", { args }).output();
  await Deno.remove(dir, { recursive: true });
  const found = await unpack(stdout);
  assertEquals(found.map(([{ path }, text]) => [path, text]), [["a", "hello"], ["l", undefined]]);
});

Deno.test("UntarStream goes on after an entry that was cancelled", async () => {
  const archive = await pack(file("a", "x".repeat(2000)), file("b", "y"));
  const paths: string[] = [];
  for await (const entry of ReadableStream.from([archive]).pipeThrough(new UntarStream())) {
    paths.push(entry.path);
    await entry.readable?.cancel();
  }
  assertEquals(paths, ["a", "b"]);
});

for (const size of [2, 4]) {
  Deno.test(`TarStream refuses a file of 3 bytes announced with ${size}`, async () => {
    const entry = { type: "file", path: "a", size, readable: stream("abc") } as const;
    await assertRejects(() => pack({ ...entry }), RangeError);
  });
}

Deno.test("TarStream refuses options that are frozen", async () => {
  await assertRejects(() => pack(file("a", "b", Object.freeze({ mode: 0o600 }))), TypeError);
});

Deno.test("UntarStream refuses what is damaged, cut or no archive", async () => {
  const archive = await pack(file("a", "b"));
  const damaged = archive.slice();
  damaged[0] = 0x62;
  await assertRejects(() => unpack(damaged), SyntaxError);
  await assertRejects(() => unpack(archive.slice(0, 700)));
  await assertRejects(() => unpack(archive.slice(0, 100)), RangeError);
});

const paths: readonly [path: string, error?: new () => Error][] = [
  ["n".repeat(100)],
  ["n".repeat(101), RangeError],
  [`d/${"n".repeat(99)}`],
  [`d/${"n".repeat(100)}`, RangeError],
  [`${"d".repeat(155)}/${"n".repeat(99)}`],
  [`${"d".repeat(156)}/${"n".repeat(98)}`, TypeError],
  ["d/".repeat(127)],
  ["d/".repeat(128), TypeError],
  ["d/".repeat(128) + "n", RangeError],
];

for (const [path, error] of paths) {
  const shown = path.replace(/(.)\1{5,}/g, (run, char) => `${char}{${run.length}}`).slice(0, 40);
  Deno.test(`assertValidPath() ${error ? "refuses" : "takes"} ${shown} (${path.length})`, () => {
    if (error) assertThrows(() => assertValidPath(path), error);
    else assertValidPath(path);
  });
}

Deno.test("assertValidLinkname() takes 1 to 100 bytes", () => {
  assertValidLinkname("x".repeat(100));
  for (const name of ["", "x".repeat(101)]) {
    assertThrows(() => assertValidLinkname(name), TypeError);
  }
});

Deno.test("assertValidTarStreamOptions() refuses what does not fit", () => {
  assertValidTarStreamOptions({});
  assertValidTarStreamOptions({ mode: 0o7777, uid: 0o777777, mtime: 8 ** 11 - 1 });
  const bad: TarStreamOptions[] = [
    ...[{ mode: -1 }, { uid: 0o1000000 }, { gid: NaN }, { mtime: 8 ** 11 }],
    ...[{ uname: "ü" }, { gname: "x".repeat(32) }, { devmajor: "x".repeat(9) }],
  ];
  for (const options of bad) assertThrows(() => assertValidTarStreamOptions(options), TypeError);
});
