import { assert, assertEquals, assertMatch } from "@std/assert";
import { PreflightError } from "../../lib/errors.ts";
import type { Facts } from "../../lib/plan/facts.ts";
import type { InstallSettings } from "../../lib/plan/options.ts";
import { makePlan } from "../../lib/plan/plan.ts";
import {
  doubts,
  needsKexec,
  objections,
  wrongBuilder,
  wrongSystem,
} from "../../lib/plan/preflight.ts";
import { facts } from "./fixture.ts";

const plan = (options: InstallSettings = {}) =>
  makePlan({ flake: ".#web", host: "web", ...options });
const INSTALLER = { installer: true, nixos: true, name: "NixOS 25.11" };

const kexecs: readonly [InstallSettings, Partial<Facts>, boolean][] = [
  [{}, {}, true],
  [{}, INSTALLER, false],
  [{ forceKexec: true }, INSTALLER, true],
  [{ phases: ["disko"] }, {}, false],
  [{ phases: ["disko"], forceKexec: true }, INSTALLER, false],
];

for (const [options, changed, wanted] of kexecs) {
  const title = JSON.stringify({ ...options, installer: changed.installer ?? false });
  Deno.test(`needsKexec() is ${wanted} for ${title}`, () => {
    assertEquals(needsKexec(plan(options), facts(changed)), wanted);
  });
}

const without = (tool: string) => facts().tools.filter((one) => one !== tool);

const refused: readonly [Partial<Facts>, InstallSettings, message: RegExp, hint: RegExp][] = [
  [{ os: "FreeBSD" }, {}, /requires Linux as the operating system, but got FreeBSD/, /Linux/],
  [{ os: "Darwin" }, { forceKexec: true }, /but got Darwin/, /installer/],
  [{ become: "none", user: "me" }, {}, /me is not root and cannot become root/, /root/],
  [{ kexec: "disabled" }, {}, /kexec is not possible: .*kexec_load_disabled/, /installer/],
  [{ kexec: "lockdown" }, {}, /kexec is not possible: .*Secure Boot/, /installer/],
  [{ kexec: "missing" }, {}, /kexec is not possible: .*without kexec/, /installer/],
  [{ container: "lxc" }, {}, /kexec is not possible: it is a container \(lxc\)/, /installer/],
  [{ ...INSTALLER, kexec: "missing" }, { forceKexec: true }, /kexec is not possible/, /./],
  [{ tools: without("tar") }, {}, /no tar command found/, /install tar on the target/],
  [{ tools: without("cpio") }, {}, /no cpio command found/, /install cpio on the target/],
  [
    { tools: without("setsid --wait") },
    {},
    /no setsid --wait command found/,
    /install util-linux on the target/,
  ],
  [
    { memory: 5e8 },
    {},
    /has 500 MB of memory, and the kexec image needs at least 600 MB/,
    /--kexec/,
  ],
  [{ arch: "riscv64" }, {}, /no published kexec image for its architecture, riscv64/, /--kexec/],
  [
    {},
    { phases: ["disko"] },
    /runs Debian.*no NixOS installer.*--phases leaves kexec out/,
    /kexec/,
  ],
  [{ nixos: true, name: "NixOS" }, { phases: ["install"] }, /runs NixOS, which is no/, /installer/],
];

for (const [changed, options, message, hint] of refused) {
  Deno.test(`objections() finds ${message.source}`, () => {
    const [error, ...others] = objections(plan(options), facts(changed), "me@web");
    assert(error instanceof PreflightError);
    assertMatch(error.message, message);
    assertMatch(error.message, /^me@web: /);
    assertMatch(error.hint, hint);
    assertEquals(others, []);
  });
}

const accepted: readonly [title: string, Partial<Facts>, InstallSettings][] = [
  ["a common server", {}, {}],
  ["a server with sudo", { become: "sudo", user: "me", uid: 1000 }, {}],
  ["an installer", INSTALLER, {}],
  ["an installer without kexec's tools", { ...INSTALLER, tools: ["nix"], kexec: "missing" }, {}],
  ["an installer in a container", { ...INSTALLER, container: "lxc" }, { phases: ["disko"] }],
  ["an installer of an odd architecture", { ...INSTALLER, arch: "riscv64" }, {}],
  ["a machine that shows marks of a container", { maybeContainer: "docker" }, {}],
  ["a kernel that does not say whether it knows kexec", { kexec: "unknown" }, {}],
  ["a machine with 1 GB of memory", { memory: 0.96e9 }, {}],
  ["a machine that does not tell its memory", { memory: 0 }, {}],
  ["an odd architecture with an image", { arch: "riscv64" }, { kexec: "x.tar" }],
];

for (const [title, changed, options] of accepted) {
  Deno.test(`objections() finds nothing against ${title}`, () => {
    assertEquals(objections(plan(options), facts(changed), "web"), []);
  });
}

Deno.test("objections() finds everything at once, the gravest first", () => {
  const changed = { os: "FreeBSD", become: "none", tools: [], memory: 5e8, arch: "sparc" } as const;
  const found = objections(plan(), facts(changed), "web").map(({ message }) => message);
  assertEquals(found.length, 9);
  assertMatch(found[0] ?? "", /requires Linux/);
  assertMatch(found[1] ?? "", /cannot become root/);
});

Deno.test("objections() wants more memory for a larger image, and none where it is unknown", () => {
  const own = plan({ kexec: "x.tar" });
  const find = (memory: number, size?: number) =>
    objections(own, facts({ memory }), "web", size).map(({ message }) => message);
  assertEquals(find(1e9), []);
  assertEquals(find(1e9, 4e8), []);
  assertEquals(find(0, 3e8), []);
  assertMatch(find(7e8, 4e8)[0] ?? "", /has 700 MB of memory, .* needs at least 720 MB$/);
});

const unsure: readonly [Partial<Facts>, InstallSettings, number | undefined, RegExp[]][] = [
  [{}, {}, undefined, []],
  [INSTALLER, {}, undefined, []],
  [{ memory: 0.96e9 }, {}, undefined, [/^web: it has 960 MB of memory, and 1400 MB are usual/]],
  [{ memory: 5e8 }, {}, undefined, []],
  [{ memory: 1e9 }, { kexec: "x.tar" }, 4e8, [/1200 MB are usual/]],
  [{ memory: 1e9 }, { kexec: "x.tar" }, undefined, []],
  [{ memory: 0 }, {}, undefined, [/does not tell how much memory/]],
  [{ maybeContainer: "docker", kexec: "unknown" }, {}, undefined, [/\(docker\)/, /kexec$/]],
  [{ ...INSTALLER, memory: 0 }, { phases: ["disko"] }, undefined, []],
];

for (const [changed, options, size, wanted] of unsure) {
  Deno.test(`doubts() of ${JSON.stringify({ ...changed, ...options, size })}`, () => {
    const found = doubts(plan(options), facts(changed), "web", size);
    assertEquals(found.length, wanted.length, found.join("\n"));
    for (const [index, pattern] of wanted.entries()) assertMatch(found[index]!, pattern);
  });
}

const systems: readonly [system: string, arch: string, fits: boolean][] = [
  ["x86_64-linux", "x86_64", true],
  ["i686-linux", "x86_64", true],
  ["aarch64-linux", "x86_64", false],
  ["x86_64-linux", "aarch64", false],
  ["armv7l-linux", "aarch64", true],
  ["riscv64-linux", "riscv64", true],
];

for (const [system, arch, fits] of systems) {
  Deno.test(`wrongSystem() ${fits ? "lets" : "keeps"} ${system} ${fits ? "onto" : "off"} ${arch}`, () => {
    const error = wrongSystem(system, facts({ arch }), "web");
    assertEquals(error === undefined, fits);
    if (error) assertMatch(error.message, new RegExp(`^web: is ${arch}, .* for ${system}$`));
  });
}

Deno.test("wrongBuilder() keeps what is built on another system off a machine", () => {
  const error = wrongBuilder("x86_64-linux", facts({ arch: "aarch64" }), "web");
  assertEquals(error?.message, "web: is aarch64, and the configuration is built on x86_64-linux");
  assertEquals(wrongBuilder("i686-linux", facts({ arch: "x86_64" }), "web"), undefined);
});
