import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { PreflightError, UsageError } from "../../lib/errors.ts";
import { refuseConflicts } from "../../lib/plan/option_table.ts";
import { parseDestination, parsePort, showDestination } from "../../lib/plan/destination.ts";
import { installable, parseFlakeRef, showFlake } from "../../lib/plan/flake.ts";
import { defaultImage, parseImage } from "../../lib/plan/image.ts";
import { parsePhases, PHASES } from "../../lib/plan/phases.ts";
import { sshOptionLine } from "../../lib/plan/ssh_option.ts";
import { isStorePath, storePath } from "../../lib/plan/store_path.ts";

Deno.test("showDestination() leaves the port and absent logins out", () => {
  assertEquals(showDestination(parseDestination("ssh://me@web:22")), "me@web");
  assertEquals(showDestination(parseDestination("[2001:db8::1]")), "2001:db8::1");
});

Deno.test("parseDestination() leaves out what was not said", () => {
  assertEquals(Object.keys(parseDestination("web")), ["host"]);
  assertEquals(Object.keys(parseDestination("ssh://web:22")), ["host", "port"]);
});

Deno.test("parsePort() takes numbers and digits from 1 to 65535", () => {
  for (const port of [1, 22, 65535, "1", "00022", "65535"]) {
    assertEquals(parsePort(port, "port"), Number(port));
  }
});

Deno.test("parsePort() refuses everything else and names the option", () => {
  const wrong = [0, -1, 65536, 22.5, NaN, Infinity, "", "0", "+22", "22 ", "١", "000022", "22\n"];
  for (const port of wrong) {
    const error = assertThrows(() => parsePort(port, "--ssh-port"), UsageError);
    assertMatch(error.message, /^--ssh-port: .* is no port$/);
  }
});

Deno.test("installable() quotes the names that nix would take apart", () => {
  const build = ["system", "build", "toplevel"];
  const cases: readonly [flake: string, wanted: string][] = [
    [".#web", ".#nixosConfigurations.web.config.system.build.toplevel"],
    [".#a.b", '.#nixosConfigurations."a.b".config.system.build.toplevel'],
    [".#1a", '.#nixosConfigurations."1a".config.system.build.toplevel'],
    [".#$(id)", '.#nixosConfigurations."$(id)".config.system.build.toplevel'],
    ["path:/x?dir=y#web", "path:/x?dir=y#nixosConfigurations.web.config.system.build.toplevel"],
  ];
  for (const [flake, wanted] of cases) {
    assertEquals(installable(parseFlakeRef(flake), ...build), wanted);
  }
});

Deno.test("parseFlakeRef() reads what showFlake() writes", () => {
  for (const text of [".#web", ".#a.b", '.#"a.b"', ".#nixosConfigurations.x.config.y.z", "#ü"]) {
    const flake = parseFlakeRef(text);
    assertEquals(parseFlakeRef(showFlake(flake)), flake);
  }
});

Deno.test("parseImage() tells a file from a URL, and the compression by the name", () => {
  const tar = { kind: "file", location: "a?.tar.gz", compression: "gzip" } as const;
  assertEquals(parseImage("a?.tar.gz"), tar);
});

Deno.test("defaultImage() is the published one for x86_64 and aarch64", () => {
  for (const arch of ["x86_64", "aarch64"]) {
    assertEquals(defaultImage(arch, "web"), {
      kind: "url",
      location: "https://github.com/nix-community/nixos-images/releases/download/nixos-25.11/" +
        `nixos-kexec-installer-noninteractive-${arch}-linux.tar.gz`,
      compression: "gzip",
    });
  }
});

Deno.test("defaultImage() tells another architecture to bring its own", () => {
  for (const arch of ["riscv64", "i686", "armv7l", ""]) {
    const error = assertThrows(() => defaultImage(arch, "web"), PreflightError);
    assertMatch(error.message, /^web: there is no published kexec image/);
    assertMatch(error.hint, /--kexec/);
  }
});

Deno.test("parsePhases() takes any subset and gives it in the order that phases run", () => {
  for (let bits = 1; bits < 16; bits++) {
    const subset = PHASES.filter((_, index) => bits & (1 << index));
    assertEquals(parsePhases([...subset].reverse()), subset);
    assertEquals(parsePhases(subset.join(", ")), subset);
  }
});

Deno.test("parsePhases() refuses none and unknown ones", () => {
  for (const list of ["", " ", [], [""], ["kexec", "build"], ["KEXEC"], "toString"]) {
    assertThrows(() => parsePhases(list), UsageError, "phase");
  }
});

Deno.test("isStorePath() is the test of storePath()", () => {
  const path = "/nix/store/0c8v6a1qzvlkn1rhkd5czbjl0ssbk5ss-x";
  assert(isStorePath(path) && storePath(path) === path);
  assert(!isStorePath(`${path}/`));
  assertThrows(() => storePath(`${path}/`, "the system"), UsageError, "the system: ");
});

Deno.test("sshOptionLine() writes KEY=VALUE and KEY VALUE as one line", () => {
  const cases: readonly [option: string, line: string][] = [
    ["Port=22", "Port 22"],
    ["port 22", "port 22"],
    [" Port\t=\t22 ", "Port 22 "],
    ["SetEnv=A=b c", "SetEnv A=b c"],
    ["ProxyCommand=nc -x a %h 'b'", "ProxyCommand nc -x a %h 'b'"],
  ];
  for (const [option, line] of cases) assertEquals(sshOptionLine(option), line);
});

Deno.test("refuseConflicts() takes options that are there and say nothing", () => {
  refuseConflicts({});
  refuseConflicts({ vmTest: false, storePaths: { disko: "a", system: "b" }, buildOn: "local" });
  refuseConflicts({ vmTest: true, diskEncryptionKeys: [], extraFiles: undefined });
  refuseConflicts({ storePaths: undefined, flake: ".#x", diskoMode: "mount", diskoDeps: false });
});
