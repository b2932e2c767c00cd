/** The command on a terminal, with somebody who answers, mistypes, resizes and interrupts. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { ROOT } from "../checks/sources.ts";
import { Terminal } from "../field/terminal.ts";
import { ignore } from "../ssh/fixture.ts";
import { Fixture } from "../support/install/fixture.ts";
import { buildParts, derivation, writeFlake } from "../support/install/parts.ts";
import { PASSWORD } from "../support/loopback/mod.ts";
import { Emulator } from "../support/terminal/emulator.ts";
import { type Act, onTerminal, type Recorded } from "../support/terminal/session.ts";

const parts = ignore ? { disko: "", system: "" } : await buildParts();
const CLI = decodeURIComponent(new URL("cli.ts", ROOT).pathname);

/** Runs the command on a terminal of 80 columns. */
function run(
  fixture: Fixture,
  words: readonly string[],
  acts: readonly Act[],
  env: Readonly<Record<string, string>> = {},
): Promise<Recorded> {
  const command = [Deno.execPath(), "run", "-A", "--no-check", CLI, ...words];
  const { sandbox } = fixture;
  return onTerminal(command, {
    acts,
    env: { ...sandbox.env, ...env },
    cwd: `${sandbox.folder}/run`,
  });
}

/** What the terminal shows when all was written. */
function shown({ frames }: Recorded): Emulator {
  const terminal = new Emulator(80);
  for (const { text, columns } of frames) {
    terminal.columns = columns;
    terminal.write(text);
  }
  assertEquals(terminal.unknown, []);
  return terminal;
}

Deno.test("on a terminal nothing is written while somebody is asked, by ssh or by us", {
  ignore,
}, async () => {
  await using fixture = await Fixture.open({ parts });
  const { machine, sandbox, image } = fixture;
  // A build that talks all the while.
  const talk =
    '"i=0; while [ $i -lt 150 ]; do echo talking $i; sleep 0.1; i=$((i + 1)); done; mkdir $out"';
  const toplevel = derivation("nixos-system-talking", talk);
  const flake = await writeFlake(`${sandbox.folder}/flake`, { toplevel });
  const recorded = await run(fixture, [
    ...["-L", "--kexec", image, "--flake", flake, "--build-on", "local", "-p", `${machine.port}`],
    ...["--known-hosts", `${sandbox.folder}/known_hosts`, `pwuser@${machine.host}`],
  ], [
    { when: "password: ", after: 1.5, type: `${PASSWORD}\r` },
    { when: "Password for sudo on the target: ", after: 1.5, type: `${PASSWORD}\r` },
    { when: "to go on: ", after: 1.5, type: "another\r" },
  ]);
  const terminal = shown(recorded);
  assertEquals([recorded.done, recorded.code], [3, 130], terminal.text);
  for (const text of recorded.between) assertEquals(text.replaceAll("\x1b[0G", ""), "");
  assertMatch(terminal.text, /^error: pwuser@127\.0\.0\.1: not confirmed$/m);
  // The questions stay as they were asked, and what was held back comes after them.
  assertMatch(terminal.text, /'s password:$/m);
  assertMatch(terminal.text, /^Password for sudo on the target:$/m);
  assertMatch(terminal.text, /Type 127\.0\.0\.1 to go on: another$/m);
  assert(recorded.output.includes("nix | talking 5"), terminal.text);
  assert(!recorded.output.includes(PASSWORD));
});

Deno.test(
  "on a terminal an install is never silent, follows its size, and ends in order with Ctrl-C",
  {
    ignore,
  },
  async () => {
    await using fixture = await Fixture.open({
      ...{ parts, bytesPerSecond: 300_000 },
      breakpoints: { disko: "echo first; sleep 5; echo second", install: "sleep 30" },
    });
    const { sandbox, image } = fixture;
    const log = `${sandbox.folder}/log`;
    const flake = await writeFlake(`${sandbox.folder}/flake`);
    const recorded = await run(fixture, [
      ...["--kexec", image, "--flake", flake, "--build-on", "local", "--log", log],
      ...fixture.reach,
    ], [
      { when: "to go on: ", after: 1, type: "127.0.0.1\r" },
      { when: "disko | first", after: 2, resize: [60, 20] },
      { when: "boot loader", after: 2, type: "\x03" },
    ], { SSH_PRIVATE_KEY: fixture.key });
    const terminal = shown(recorded);
    const { text } = terminal;
    assertEquals([recorded.done, recorded.code], [3, 130], text);
    const [asked, answered] = [recorded.times[0]! - 1.2, recorded.times[0]!];
    const times = recorded.frames.map(({ at }) => at).filter((at) => at < asked || at > answered);
    times.slice(1).forEach((at, index) => {
      const gap = at - Math.max(times[index]!, times[index]! < asked && at > asked ? answered : 0);
      assert(gap < 3, `silent for ${gap} s before ${at} s:\n${text}`);
    });
    assertMatch(recorded.output, /3\.0\/3\.0 MB 100%/);
    assertMatch(recorded.output, /\d+\/2 paths/);
    // Painted for the terminal as it was then.
    for (const { text, columns, at } of recorded.frames) {
      if (columns !== 60 || at < recorded.times[1]! + 1) continue;
      // deno-lint-ignore no-control-regex -- what is painted
      for (const line of text.split(/\r\n|\x1b\[[0-9;]*[A-Z]\r?/)) {
        if (/^[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/.test(line)) assert([...line].length < 60, line);
      }
    }
    // Nothing is left of the view: what ended, and what to do.
    assert(!/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/.test(text), text);
    assertMatch(text, /^✓ Formatting the disks +\d+\.\d s$/m);
    assertMatch(text, /^■ Installing +\d+\.\d s {2}stopped$/m);
    assertMatch(text, /^error: interrupted by SIGINT$/m);
    assertStringIncludes(
      terminal.lines.join("\n").replaceAll("\n", ""),
      `to go on: nixos-anywhere --phases install,reboot --kexec ${image} --flake`,
    );
    assertStringIncludes(text, `log: all of it is in ${log}`);
    const written = await Deno.readTextFile(log);
    assertEquals((await Deno.stat(log)).mode! & 0o777, 0o600);
    for (const what of ["here$ nix", "disko | second", "closure: ", "error: interrupted"]) {
      assertStringIncludes(written, what);
    }
    for (const line of written.trimEnd().split("\n")) {
      assertMatch(line, /^\d{4}-\d\d-\d\dT[\d:.]+Z /);
    }
    assert(!written.includes("PRIVATE KEY"));
  },
);

Deno.test("on a terminal git, which nix runs, asks nobody: it is refused, and a hint says so", {
  ignore,
}, async () => {
  await using fixture = await Fixture.open({ parts });
  const { machine, sandbox } = fixture;
  const insecure = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR";
  // What would ask for a password, and for whether the host key is right.
  for (const GIT_SSH_COMMAND of [`ssh ${insecure}`, "ssh -o UserKnownHostsFile=/dev/null"]) {
    const flake = `git+ssh://pwuser@${machine.host}:${machine.port}/home/pwuser/flake#web`;
    const run = async (env: Readonly<Record<string, string>>) => {
      await using terminal = new Terminal(sandbox, ["--flake", flake, ...fixture.reach], {
        "assword: ": "",
        "continue connecting": "no",
      }, { GIT_SSH_COMMAND, ...env });
      return await terminal.end;
    };
    const { asked, code, output } = await run({});
    assertEquals([asked, code], [0, 1], output);
    assertMatch(output, /^error: nix failed: /m);
    assertStringIncludes(
      output,
      "hint: nobody is asked while nix fetches: add the key to your agent",
    );
    // Whoever wants to be asked there says so.
    assert((await run({ SSH_ASKPASS_REQUIRE: "never" })).asked > 0);
  }
});

Deno.test("off a terminal lines have times, and one comes every 15 s", { ignore }, async () => {
  await using fixture = await Fixture.open({ parts, breakpoints: { install: "sleep 26" } });
  const words = fixture.words.filter((word) => word !== "--debug");
  const { code, stdout, raw } = await fixture.run(words, {}, 120);
  assertEquals([code, stdout], [0, `root@127.0.0.1 runs ${parts.system}\n`], raw);
  const lines = raw.trimEnd().split("\n");
  const end = lines.findIndex((line) => line.startsWith("installed "));
  const times = lines.slice(0, end).map((line) => {
    const [, minutes, seconds] = /^\[(\d+):(\d\d)\] /.exec(line) ?? [];
    return 60 * Number(minutes) + Number(seconds);
  });
  times.forEach((time, index) => assert(time - (times[index - 1] ?? 0) <= 15, raw));
  assertMatch(raw, /^\[0:\d\d\] running: Installing, \d+ s/m);
  assertMatch(raw, /^log in: ssh -p \d+ root@127\.0\.0\.1$/m);
  // deno-lint-ignore no-control-regex -- nothing is painted
  assert(!/[\x00-\x09\x0b-\x1f]/.test(raw));
  // With --quiet the last line is all, and the plan is nobody's who is not asked.
  const quiet = await fixture.run([...words, "--phases", "reboot", "--quiet", "--log", "run.log"]);
  assertMatch(
    quiet.raw,
    /^(warning: .*\n)*error: .*\n(hint: .*\n)+log: .*\n(to go on: .*\n)?state: .*\n$/,
  );
});
