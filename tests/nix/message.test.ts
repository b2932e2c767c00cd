import { assert, assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { whyNoFlake } from "../../lib/nix/folder.ts";
import { hintOn, isFetch, missingFile } from "../../lib/nix/hints.ts";
import { MAX_LINES, readNixError } from "../../lib/nix/message.ts";
import { NixOutput } from "../../lib/nix/output.ts";
import { property } from "../support/random.ts";
import recorded from "./messages.json" with { type: "json" };

/** What a person has to read of what the versions of nix printed; `messages.json` has what they printed. */
const MESSAGES: Readonly<Record<string, RegExp>> = {
  assertion:
    /^Failed assertions:\n- The 'fileSystems' option .* file system\.\n- You must set the option .* bootable\.$/,
  unknown:
    /^The option `services\.opensh' does not exist\.[^]*\n {4}\{\n[^]*\n\nDid you mean `services\.openssh'\?$/,
  oldnix:
    /^This version of Nixpkgs requires .*:\n- `builtins.nixVersion` reports at least 2\.18\n\nYou are .* please upgrade$/,
  undef:
    /^attribute 'b' missing\n+at \/nix\/store\/.*flake\.nix:12:62:\n[^]*\^\n[^]*\nDid you mean a\?$/,
  nodrv: /^attribute 'system' missing$/,
  func: /called without required argument 'a'\n+at \/nix\/store\//,
  missing:
    /^(getting status of|path) '\/nix\/store\/\w+-source\/missing\.nix'(: No such file or directory| does not exist)$/,
  deep: /^one\ntwo\n\nerror: three$/,
  "assertion with --show-trace": /^Failed assertions:\n- The 'fileSystems' [^]* bootable\.$/,
  fail:
    /^(builder for '.*-broken.drv'|Cannot build '.*-broken.drv'\.\nReason: builder) failed with exit code 3[^]*> no such compiler\n[^]*nix log/,
  other:
    /^(a 'riscv64-linux' .* is required to build|Cannot build '[^]*\nReason: platform mismatch)/,
  features: /^(a '.*\{kvm, nixos-test\} is required|Cannot build '[^]*\nRequired features: \{kvm)/,
  untracked:
    /^Path 'conf\.nix' .* is not tracked by Git\.\n\nTo make it visible to Nix, run:\n\ngit -C/,
};

for (const [version, texts] of Object.entries(recorded)) {
  for (const [name, text] of Object.entries(texts)) {
    Deno.test(`readNixError() reads ${name} of nix ${version}, whole and without our own frames`, () => {
      const read = readNixError(text.split("\n"));
      const message = read?.message.join("\n") ?? "";
      assertMatch(message, MESSAGES[name] ?? /^$/);
      assert(!/«string»|^… |show-trace/m.test(message), message);
      assert(!/«string»/.test(read?.trace.join() ?? ""));
    });
  }
}

Deno.test("readNixError() keeps the trace apart", () => {
  for (const version of ["2.8.0", "2.26.3", "2.34.8"] as const) {
    const read = readNixError(recorded[version]["assertion with --show-trace"].split("\n"));
    assertMatch(read!.trace.join("\n"), /… while evaluating the attribute 'toplevel\.system'/);
  }
});

Deno.test("readNixError() tells every cause, and nothing that only follows from one", () => {
  const lines = [
    "error: builder for '/nix/store/a.drv' failed with exit code 1",
    "building '/nix/store/c.drv'...",
    "error: builder for '/nix/store/b.drv' failed with exit code 2",
    "error: 2 dependencies of derivation '/nix/store/d.drv' failed to build",
  ];
  assertEquals(readNixError(lines)?.message, [lines[0]!.slice(7), lines[2]!.slice(7)]);
  assertEquals(readNixError([lines[3]!])?.message, [lines[3]!.slice(7)]);
  assertEquals(readNixError(["warning: error: unable to download", "fatal: x"]), undefined);
});

Deno.test("readNixError() is bounded, and shows control characters as what they are", () => {
  const many = [
    "error: Failed assertions:",
    ..."x".repeat(100).split("").map((x) => `       - ${x}`),
  ];
  const { message } = readNixError(many)!;
  assertEquals(message.length, MAX_LINES);
  assertMatch(message.at(-1)!, /^\(62 more lines; --debug shows them\)$/);
  assertEquals(readNixError(["error: a\x1b[2Jb"])?.message, ["a\\x1b[2Jb"]);
  assert(readNixError([`error: ${"x".repeat(10_000)}`])!.message[0]!.length < 600);
});

property("readNixError() reads whatever is printed, in bounds", 5_000, (random) => {
  const texts = Object.values(recorded).flatMap((one) => Object.values(one));
  const lines = random.mutate(random.mutate(random.pick(texts))).split("\n");
  const read = readNixError(lines);
  if (!read) return;
  assert(read.message.length > 0 && read.message.length <= MAX_LINES);
  for (const line of read.message) assert(!/(?!\t)\p{Cc}/u.test(line) && line.length < 3000);
});

Deno.test("NixOutput says an error in the end only, and a warning once", () => {
  const shown: string[] = [];
  const said = new Set<string>();
  for (const _ of [1, 2]) {
    const output = new NixOutput({
      said,
      report: (event) => void (event.type === "output" && shown.push(event.line)),
    });
    for (
      const line of [
        "warning: Git tree '/x' is dirty",
        "warning: you did not specify '--add-root'; the result might be removed by the garbage collector",
        "warning: 'show-config' is a deprecated alias for 'config show'",
        "warning: ignoring untrusted flake configuration setting 'extra-substituters'.",
        "Pass '--accept-flake-config' to trust it",
        "error: one",
        "       two",
        "(use '--show-trace' to show detailed location information)",
        "building '/nix/store/x.drv'...",
      ]
    ) output.line(line);
    assertEquals(output.failed()?.message, ["one", "two"]);
    assertEquals(output.untrusted, ["extra-substituters"]);
  }
  const building = "building '/nix/store/x.drv'...";
  assertEquals(shown, ["warning: Git tree '/x' is dirty", building, building]);
});

Deno.test("whyNoFlake() takes a path as it is, and an address with its escapes", async () => {
  const parent = await Deno.makeTempDir();
  try {
    for (const name of ["a%20b", "a c"]) {
      await Deno.mkdir(`${parent}/${name}`);
      await Deno.writeTextFile(`${parent}/${name}/flake.nix`, "{ outputs = _: { }; }");
    }
    const why = (url: string) => whyNoFlake({ url, attributes: [] });
    for (const url of ["a%20b", "a c"]) assertEquals(await why(`${parent}/${url}`), undefined);
    for (const url of ["a%2520b", "a%20c"]) {
      assertEquals(await why(`path:${parent}/${url}`), undefined);
    }
    assertMatch(await why(`${parent}/a%20c`) ?? "", /^there is no folder .*a%20c$/);
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
});

Deno.test("missingFile() finds the file in the words of each version", () => {
  const store = `/nix/store/${"0".repeat(32)}-source`;
  for (
    const message of [
      `getting status of '${store}/sub/a b.nix': No such file or directory`,
      `path '${store}/sub/a b.nix' does not exist`,
      `path '«git+file:///home/me/infra»/sub/a b.nix' does not exist`,
      `Path 'sub/a b.nix' in the repository "/home/me/infra" is not tracked by Git.`,
      `Path 'sub/a b.nix' does not exist in Git repository "/home/me/infra".`,
    ]
  ) assertEquals(missingFile(`nix failed: ${message}`), "sub/a b.nix");
  assertEquals(missingFile("getting status of '/etc/x': No such file or directory"), undefined);
});

Deno.test("hints name the machine that nix ran on", () => {
  for (
    const message of [
      "writing to file: No space left on device",
      "cannot connect to socket at '/nix/var/nix/daemon-socket/socket': Connection refused",
      "cannot add path '/nix/store/x' because it lacks a signature by a trusted key",
      "creating directory '/mnt/nix': Read-only file system",
      "a 'riscv64-linux' with features {} is required to build 'x', but I am a 'x86_64-linux'",
    ]
  ) {
    assertMatch(hintOn(message), /this machine/);
    assertMatch(hintOn(message, "root@box"), /root@box/);
    assertNotMatch(hintOn(message, "root@box"), /this machine|--build-on remote/);
  }
});

Deno.test("hints follow from what nix says", () => {
  assertMatch(hintOn("This version of Nixpkgs requires Nix >= 2.18, please upgrade"), /too old/);
  assertMatch(
    hintOn("access to absolute path '/etc' is forbidden in pure evaluation mode"),
    /inside|outside/,
  );
  // Of a test in a virtual machine, and of another machine's system.
  for (const version of ["2.8.0", "2.34.8"] as const) {
    const read = (text: string) => readNixError(text.split("\n"))?.message.join("\n") ?? "";
    assertMatch(hintOn(read(recorded[version].features)), /\/dev\/kvm/);
    const other = read(recorded[version].other.replaceAll("nixos-test}", "kvm, nixos-test}"));
    assertMatch(hintOn(other), /--build-on remote/);
  }
  assertMatch(hintOn("anything else"), /--show-trace/);
  assertMatch(hintOn("'/a b#c' is not a valid URL"), /%20/);
  assert(isFetch("unable to download 'https://a': Could not resolve hostname"));
  assert(!isFetch("syntax error, unexpected end of file"));
});
