import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Rendered } from "../../lib/report/renderer.ts";
import { textWidth } from "../../lib/report/text_width.ts";
import { install, Stage } from "./fixture.ts";

Deno.test("the live view at 80 columns", () => {
  assertEquals(
    install(new Stage(80)).shown(7),
    `
✓ Connecting                     1.3 s
WILL BE WIPED: /dev/sda: 512 GB; ext4 "data"
⠴ Building the system              5 s  3/41 built, 2 running
    12.3/80.0 MB fetched, linux-6.12.1 glibc-2.40
⠴ Uploading the kexec image        5 s  120/330 MB 36%, 23.8 MB/s, 8 s left
    nix |   CC      kernel/sched/core.o
root@web  0:07
`,
  );
});

Deno.test("the live view at 120 columns, at a copy, and when it is over", () => {
  const stage = install(new Stage(120));
  stage.at(20, { type: "stage", stage: "build", state: "done", ms: 18_600 })
    .at(20, { type: "stage", stage: "image", state: "done", ms: 18_600 })
    .at(20, { type: "stage", stage: "kexec", state: "start" })
    .at(21, { type: "waiting", stage: "kexec", text: "the old system still answers" });
  assertStringIncludes(
    stage.shown(32),
    "⠋ Booting the installer           12 s  the old system still answers\nroot@web  0:32",
  );
  stage.at(40, { type: "stage", stage: "kexec", state: "done", ms: 20_000 })
    .at(40, { type: "stage", stage: "install", state: "start" });
  for (let at = 41; at <= 50; at++) {
    const done = 8e6 * (at - 40);
    stage.at(at, {
      ...{ type: "progress", stage: "install", what: "closure", done, total: 120e6 },
      paths: { done: 20 * (at - 40), total: 300 },
    });
  }
  assertEquals(
    stage.shown(50),
    `
✓ Connecting                     1.3 s
WILL BE WIPED: /dev/sda: 512 GB; ext4 "data"
✓ Building the system           18.6 s
✓ Uploading the kexec image     18.6 s
✓ Booting the installer         20.0 s
⠋ Installing                      10 s  80.0/120 MB 66%, 8.0 MB/s, 5 s left, 200/300 paths
root@web  0:50
`,
  );
  stage.at(130, { type: "stage", stage: "install", state: "failed", ms: 90_000 });
  stage.view[Symbol.dispose]();
  assertEquals(stage.terminal.lines.slice(-2), [
    "✗ Installing                      1:30  failed",
    "",
  ]);
});

Deno.test("the live view fits every terminal, whatever it shows", () => {
  const nasty = "ビルド中\x1b[2J\u202e👩‍💻" + "x".repeat(300);
  for (const columns of [1, 2, 10, 39, 40, 80, 300]) {
    for (const rows of [1, 2, 3, 5, 10, 50]) {
      const stage = install(new Stage(columns, rows));
      stage.at(7, { type: "output", source: "disko", line: nasty })
        .at(7, { type: "waiting", stage: "image", text: nasty })
        .at(7, {
          ...{ type: "activity", stage: "build", where: nasty, names: [nasty] },
          ...{ builds: { done: 1, running: 1, total: 2 }, fetched: { done: 0, total: 0 } },
        });
      stage.shown(7);
      const lines = stage.terminal.lines;
      // What stays may be longer: the terminal breaks it.
      const live = lines.slice(lines.findIndex((line) => line.startsWith("WILL BE")) + 1);
      for (const line of live) assert(textWidth(line) <= Math.max(columns - 1, 1), line);
      assert(live.length <= Math.max(rows, 2), `${live.length} lines of ${rows}`);
      assertEquals(stage.terminal.unknown, []);
    }
  }
});

Deno.test("the live view follows the terminal's size", () => {
  const stage = install(new Stage(120));
  stage.shown(7);
  stage.terminal.columns = stage.columns = 50;
  const text = stage.shown(7.2);
  // Nothing is left of what was painted for the wider one.
  assertEquals(text.match(/Building the system/g)?.length, 1, text);
  assertEquals(text.match(/WILL BE WIPED/g)?.length, 1, text);
  stage.terminal.columns = stage.columns = 120;
  assertEquals(stage.shown(7.4).match(/Building the system/g)?.length, 1);
});

Deno.test("the live view writes what has changed, five times a second at most", () => {
  const stage = install(new Stage(80));
  stage.shown(7);
  let bytes = 0;
  const before = stage.view.writes;
  const write = stage.terminal.write.bind(stage.terminal);
  stage.terminal.write = (text) => {
    bytes += text.length;
    write(text);
  };
  // A thousand events between two paints cost one write.
  for (let at = 0; at < 1000; at++) {
    const done = 120e6 + at;
    stage.at(7.1, { type: "progress", stage: "image", what: "image", done, total: 330e6 });
  }
  stage.shown(7.2);
  assertEquals(stage.view.writes - before, 1);
  assert(bytes < 400, `${bytes} bytes for two lines`);
  stage.view.paint();
  assertEquals(stage.view.writes - before, 1, "nothing has changed");
});

const ASKED: Rendered = { type: "waiting", stage: "connect", text: "it greets", asks: true };

Deno.test("the live view holds all back while somebody is asked, by us or by ssh", () => {
  const stage = new Stage(80);
  stage.at(0, { type: "stage", stage: "build", state: "start" });
  stage.shown(1);
  const held = stage.view.hold();
  assertEquals(stage.terminal.text, "", "the view is in the way of the question");
  stage.terminal.write("Type web to go on: ");
  stage.at(2, { type: "output", source: "nix", line: "warning: x" });
  stage.at(2, { type: "log", level: "warning", text: "careful" });
  assertEquals(stage.shown(3), "\nType web to go on:\n");
  stage.terminal.write("web\n");
  held[Symbol.dispose]();
  assertStringIncludes(
    stage.shown(4),
    "Type web to go on: web\nnix | warning: x\nwarning: careful\n",
  );
  stage.at(5, ASKED);
  const asked = stage.terminal.text;
  stage.terminal.write("root@web's password: ");
  stage.at(6, { type: "log", level: "info", text: "held" });
  assertEquals(stage.shown(7), `\n${asked}\nroot@web's password:\n`);
  // The login says so where it knows that nobody is asked.
  stage.terminal.write("\n");
  stage.at(8, { ...ASKED, text: "it greets (3 s)" } as Rendered);
  assert(stage.terminal.text.endsWith("root@web: it greets (3 s)"));
  stage.at(9, { type: "stage", stage: "connect", state: "done", ms: 1 });
  assertStringIncludes(stage.shown(9), "\nheld\n✓ Connecting");
});

Deno.test("the live view keeps what output was not shown for a failure, once", () => {
  const stage = install(new Stage(80));
  stage.at(8, { type: "output", source: "disko", line: "no such device" });
  assertStringIncludes(stage.shown(8), "    disko | no such device\n");
  assertEquals(stage.view.unseen("no such device"), ["no such device"]);
  const debug = install(new Stage(80, 24, { debug: true }));
  debug.at(8, { type: "output", source: "disko", line: "no such device" });
  assertEquals(debug.view.unseen("no such device"), []);
});

Deno.test("a stage whose end nobody tells goes with its last event", () => {
  const stage = new Stage(80);
  stage.at(1, { type: "progress", stage: "disko", what: "closure", done: 1, total: 2 });
  assertStringIncludes(stage.shown(2), "Formatting");
  assertEquals(stage.shown(20).includes("Formatting"), false);
});

Deno.test("colours stand out only where they are wanted", () => {
  const written: string[] = [];
  for (const color of [false, true]) {
    const stage = new Stage(80, 24, { color });
    const write = stage.terminal.write.bind(stage.terminal);
    stage.terminal.write = (text) => {
      written.push(text);
      write(text);
    };
    install(stage).shown(7);
    // deno-lint-ignore no-control-regex -- colours
    assertEquals(/\x1b\[\d+m/.test(written.splice(0).join("")), color);
  }
});
