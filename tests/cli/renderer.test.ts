import { assertEquals } from "@std/assert";
import { JsonRenderer } from "../../lib/report/json.ts";
import { type PlainOptions, PlainRenderer } from "../../lib/report/plain.ts";
import { Tail } from "../../lib/result.ts";

/** What is shown of a program's lines, and what is shown when it has failed. */
function shown(source: string, lines: readonly string[], options?: PlainOptions) {
  const now: string[] = [];
  const tail = new Tail();
  const renderer = new PlainRenderer((line) => now.push(line), options);
  for (const line of lines) {
    tail.add(line);
    renderer.report({ type: "output", source, line });
  }
  return { now, later: renderer.unseen(tail.text) };
}

Deno.test("PlainRenderer shows at a failure only what it has not shown before", () => {
  const lines = [
    "+ mkfs.ext4 /dev/vda1",
    "mke2fs 1.47",
    "+ mount /dev/vda1 /mnt",
    "mount: no such device",
  ];
  assertEquals(shown("disko", lines), {
    now: ["disko | mke2fs 1.47", "disko | mount: no such device"],
    later: ["+ mkfs.ext4 /dev/vda1", "+ mount /dev/vda1 /mnt"],
  });
  assertEquals(shown("disko", lines, { debug: true }), {
    now: lines.map((line) => `disko | ${line}`),
    later: [],
  });
});

Deno.test("PlainRenderer shows the last 20 lines of what was never reported", () => {
  const renderer = new PlainRenderer(() => {});
  const lines = Array.from({ length: 50 }, (_, at) => `line ${at}`);
  assertEquals(renderer.unseen(lines.join("\n")), lines.slice(-20));
  assertEquals(renderer.unseen(""), []);
});

Deno.test("PlainRenderer plays what writes over itself, and knows it again", () => {
  const lines = ["inodes: 0/16\b\b\b\b1/16\b\b\b\bdone", "\x1b[31mred\x1b[0m", "bell \x07"];
  const now = ["mkfs | inodes: done", "mkfs | red", "mkfs | bell \\x07"];
  assertEquals(shown("mkfs", lines), { now, later: [] });
});

const traces: readonly [title: string, lines: string[], left: string[]][] = [
  ["one line", ["+ a", "++ b c", "said"], ["said"]],
  ["a quoted word of several lines", ["+ x='one", "two", "three'", "said"], ["said"]],
  ["a quote inside of a quoted word", ["+ echo 'it'\\''s", "more' z", "said"], ["said"]],
  ["a quoted line feed", ["+ echo $'it\\'s\\nmore'", "said"], ["said"]],
  ["two words of several lines", ["+ f 'a", "b' 'c", "d'", "said"], ["said"]],
  ["an apostrophe that quotes nothing", ["+ echo don't", "+ b", "said"], ["said"]],
  ["a sign that is no trace", ["+1 disk", "+", "said"], ["+1 disk", "+", "said"]],
];
for (const [title, lines, left] of traces) {
  Deno.test(`PlainRenderer leaves out the trace of a script: ${title}`, () => {
    for (const source of ["disko", "kexec"]) {
      assertEquals(shown(source, lines).now, left.map((line) => `${source} | ${line}`));
    }
    // Others trace nothing: what looks like a trace is what they say.
    assertEquals(shown("nix", lines).now.length, lines.length);
  });
}

Deno.test("PlainRenderer hides no more than some lines behind a quote that never ends", () => {
  const lines = ["+ echo don't", ...Array.from({ length: 40 }, (_, at) => `line ${at}`)];
  assertEquals(shown("disko", lines).now.at(-1), "disko | line 39");
  assertEquals(shown("disko", lines).now.length, 20);
});

Deno.test("PlainRenderer takes nothing on a standard output for a trace", () => {
  const now: string[] = [];
  const { report } = new PlainRenderer((line) => now.push(line));
  const [stdout, stderr] = (["stdout", "stderr"] as const).map((stream) => (line: string) =>
    report({ type: "output", source: "disko", stream, line })
  );
  stderr?.("+ disks='/dev/a");
  stdout?.("+ one of two");
  stderr?.("/dev/b'");
  stderr?.("said");
  assertEquals(now, ["disko | + one of two", "disko | said"]);
});

Deno.test("JsonRenderer has shown every event, and nothing else", () => {
  const written: string[] = [];
  const renderer = new JsonRenderer((line) => written.push(line));
  renderer.report({ type: "output", source: "disko", line: "+ a\b" });
  assertEquals(written, ['{"type":"output","source":"disko","line":"+ a\\b"}']);
  assertEquals(renderer.unseen("+ a\nb"), ["b"]);
});

Deno.test("JsonRenderer leaves out what only --debug shows, and says it when a command fails", () => {
  const written: string[] = [];
  const renderer = new JsonRenderer((line) => written.push(JSON.parse(line).line), {
    debug: false,
  });
  const output = (line: string, source = "disko") =>
    renderer.report({ type: "output", source, line });
  output("+ mkfs '");
  output("/dev/sda'");
  output("said");
  output("debug1: x", "ssh");
  renderer.report({ type: "log", level: "debug", text: "x" });
  renderer.report({ type: "command", command: ["x"], where: "here" });
  assertEquals(written, ["said"]);
  assertEquals(renderer.unseen("+ mkfs\nsaid"), ["+ mkfs"]);
});
