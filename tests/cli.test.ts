import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { VERSION } from "../lib/version.ts";
import { Sandbox } from "./cli/command.ts";
import { validEvents } from "./support/events.ts";
import { makeKey } from "./support/loopback/keys.ts";

/** Programs first on the PATH that write down that they were called. */
const PROGRAMS = ["ssh", "scp", "ssh-keygen", "nix", "nix-store", "git", "curl"];

/** Runs the command where each program it could call is such a one; says which were called. */
async function watched(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  await using sandbox = await Sandbox.make();
  const { folder } = sandbox;
  for (const name of PROGRAMS) {
    const code = `#!/bin/sh\necho "${name} $*" >>${folder}/calls\nexit 1\n`;
    await sandbox.file(`bin/${name}`, code, 0o755);
  }
  const path = `${folder}/bin:${Deno.env.get("PATH")}`;
  const outcome = await sandbox.run(words, { ...env, PATH: path });
  const calls = await Deno.readTextFile(`${folder}/calls`).catch(() => "");
  return { ...outcome, calls: calls.split("\n").filter(Boolean), left: await sandbox.left() };
}

const FLAKE = ["--flake", ".#web"];
const HOST = "root@203.0.113.7";
const PATHS = ["disko", "nixos-system"].map((name) => `/nix/store/${"a".repeat(32)}-${name}`);

const wrong: readonly [title: string, words: readonly string[], error: RegExp][] = [
  ["an unknown option", ["--flak", ".#web", HOST], /^error: unknown option "--flak"$/m],
  ["a missing value", [HOST, "--flake"], /^error: --flake needs a value: URI#NAME$/m],
  ["no target", FLAKE, /^error: ssh-host must be set/m],
  ["nothing at all", [], /^hint: name the target last, .*nixos-anywhere init web/m],
  ["help by a word", ["help"], /^hint: .*nixos-anywhere --help lists all/m],
  ["no source", [HOST], /^error: flake must be set/m],
  ["two targets", [...FLAKE, "a", "b"], /^error: two targets are named: "a" and "b"$/m],
  ["no name behind #", ["-f", ".", HOST], /^error: .*names no NixOS configuration/m],
  [
    "phases against --no-reboot",
    [...FLAKE, HOST, "--phases", "kexec", "--no-reboot"],
    /contradict/,
  ],
  [
    "--no-reboot against phases",
    [...FLAKE, HOST, "--no-reboot", "--phases", "kexec"],
    /contradict/,
  ],
  ["a flake and store paths", [...FLAKE, "-s", ...PATHS, HOST], /^error: .*--store-paths/m],
  [
    "two places to build",
    [...FLAKE, HOST, "--build-on", "local", "--build-on-remote"],
    /contradict/,
  ],
  ["a missing key", [...FLAKE, HOST, "-i", "/no/key"], /^error: -i: cannot read "\/no\/key": /m],
  ["a missing folder", [...FLAKE, HOST, "--extra-files", "/no"], /^error: --extra-files: cannot/m],
  ["a missing image", [...FLAKE, HOST, "--kexec", "/no/x.tar"], /^error: --kexec: cannot read/m],
  [
    "a missing disk key",
    [...FLAKE, HOST, "--disk-encryption-keys", "/k", "/no/key"],
    /^error: --disk-encryption-keys "\/k": cannot read/m,
  ],
  ["missing store paths", ["-s", ...PATHS, HOST], /must be existing store-paths/],
  ["no password", [...FLAKE, HOST, "--env-password"], /^error: --env-password: neither SSHPASS/m],
];

for (const [title, words, error] of wrong) {
  Deno.test(`the command ends with 2 and contacts nothing: ${title}`, async () => {
    const { code, stdout, stderr, calls, left } = await watched(words);
    assertMatch(stderr, error);
    assertMatch(stderr, /^(notice: .*\n)?error: .+\nhint: .+\n$/);
    assertEquals({ code, stdout, calls, left }, { code: 2, stdout: "", calls: [], left: [] });
  });
}

Deno.test("with --json a mistake is one line, the error, with the last word on how to go on", async () => {
  const { code, stdout, stderr, calls } = await watched(["--json", "--flaek", ".#web", HOST]);
  const [event, ...more] = await validEvents(stdout);
  const { time, ...error } = event!;
  assertEquals(more, []);
  assertEquals(error as unknown, {
    ...{ host: "here", type: "error", version: 1, code: "usage", name: "UsageError" },
    exitCode: 2,
    message: 'unknown option "--flaek"',
    hints: ["did you mean --flake? See --help"],
    ...{ state: "uncontacted", stateText: "nothing was contacted" },
  });
  assert(Date.now() - Date.parse(time) < 3_600_000);
  assertMatch(stderr, /^error: .*\nhint: did you mean --flake.*\n$/);
  assertEquals([code, calls], [2, []]);
  const behind = await watched(["--flaek", "--", "--json"]);
  assertEquals([behind.code, behind.stdout], [2, ""]);
});

Deno.test("the command without a mistake contacts the target: the check above can fail", async () => {
  const { code, calls } = await watched(["--phases", "kexec", HOST]);
  assert(calls.some((call) => call.startsWith("ssh ")), calls.join("\n"));
  assertEquals(code, 2); // ssh -G fails: its configuration is wrong for all we know
});

Deno.test("--version and --help print to the standard output, whatever else is there", async () => {
  const version = await watched(["--version"]);
  assertEquals([version.code, version.stdout, version.stderr], [0, `${VERSION}\n`, ""]);
  const help = await watched(["--flak", "--help"]);
  assertEquals([help.code, help.stderr, help.calls], [0, "", []]);
  assertMatch(help.stdout, /^nixos-anywhere [^]*\nExit codes:\n[^]*[^\n]\n$/);
});

Deno.test("each deprecated option gives one notice, and still works", async () => {
  const words = ["--no-reboot", "--stop-after-disko", "--build-on-remote", "-t"];
  const { stderr } = await watched([...words, ...FLAKE, HOST]);
  const notices = stderr.split("\n").filter((line) => line.startsWith("notice: "));
  assertEquals(notices.sort(), [
    "notice: --build-on-remote is deprecated: use --build-on remote",
    "notice: --no-reboot is deprecated: use --phases kexec,disko,install",
    "notice: --stop-after-disko is deprecated: use --phases kexec,disko",
    "notice: --tty is deprecated: use no option in its place",
  ]);
  assertMatch(stderr, /^error: --flake: /m, "the options were not taken");
});

Deno.test("the command says which port nobody answers at", async () => {
  await using sandbox = await Sandbox.make();
  const words = ["--phases", "kexec", "-p", "1", "root@127.0.0.1"];
  const { code, stdout, stderr } = await sandbox.run(words);
  assertMatch(stderr, /^error: root@127\.0\.0\.1: no ssh connection: .* port 1: .*refused/m);
  assertMatch(stderr, /^state: nothing was changed on the target$/m);
  assertEquals([code, stdout, await sandbox.left()], [1, "", []]);
});

Deno.test("secrets in the environment reach no child that does not need them", async () => {
  await using sandbox = await Sandbox.make();
  const seen = `${sandbox.folder}/seen`;
  const { privateKey } = await makeKey();
  const { code } = await sandbox.run(
    ["--phases", "kexec", "--ssh-option", `ProxyCommand=sh -c 'env >"${seen}"'`, HOST],
    {
      SSHPASS: "one",
      SSH_PASS: "two",
      SSH_PRIVATE_KEY: privateKey,
      SUDO_PASSWORD: "four",
      DISK_PASSPHRASE: "five",
      SEEN: "",
    },
  );
  assertEquals(code, 1);
  const env = await Deno.readTextFile(seen);
  assertStringIncludes(env, "SEEN=\n");
  for (
    const name of ["SSHPASS", "SSH_PASS", "SSH_PRIVATE_KEY", "SUDO_PASSWORD", "DISK_PASSPHRASE"]
  ) {
    assert(!env.includes(`${name}=`), name);
  }
});
