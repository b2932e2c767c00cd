import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { PreflightError } from "../../lib/errors.ts";
import type { Facts } from "../../lib/plan/facts.ts";
import type { PlanOptions } from "../../lib/plan/options.ts";
import { makePlan } from "../../lib/plan/plan.ts";
import { needsKexec, preflight } from "../../lib/plan/preflight.ts";
import { facts } from "./fixture.ts";

const plan = (options: PlanOptions = {}) => makePlan({ flake: ".#web", host: "web", ...options });
const INSTALLER = { installer: true, nixos: true, name: "NixOS 25.11" };

const kexecs: readonly [PlanOptions, Partial<Facts>, boolean][] = [
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

const refused: readonly [Partial<Facts>, PlanOptions, message: RegExp, hint: RegExp][] = [
  [{ os: "FreeBSD" }, {}, /requires Linux as the operating system, but got FreeBSD/, /Linux/],
  [{ os: "Darwin" }, { phases: ["disko"] }, /but got Darwin/, /installer/],
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
  Deno.test(`preflight() refuses ${message.source}`, () => {
    const check = () => preflight(plan(options), facts(changed), "me@web");
    const error = assertThrows(check, PreflightError);
    assertMatch(error.message, message);
    assertMatch(error.message, /^me@web: /);
    assertMatch(error.hint, hint);
  });
}

const accepted: readonly [title: string, Partial<Facts>, PlanOptions][] = [
  ["a common server", {}, {}],
  ["a server with sudo", { become: "sudo", user: "me", uid: 1000 }, {}],
  ["an installer", INSTALLER, {}],
  ["an installer without kexec's tools", { ...INSTALLER, tools: ["nix"], kexec: "missing" }, {}],
  ["an installer in a container", { ...INSTALLER, container: "lxc" }, { phases: ["disko"] }],
  ["an installer of an odd architecture", { ...INSTALLER, arch: "riscv64" }, {}],
  ["an odd architecture with an image", { arch: "riscv64" }, { kexec: "x.tar" }],
];

for (const [title, changed, options] of accepted) {
  Deno.test(`preflight() takes ${title}`, () => {
    preflight(plan(options), facts(changed), "web");
  });
}
