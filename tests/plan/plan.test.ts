import { assert, assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../lib/errors.ts";
import type { PlanOptions } from "../../lib/plan/options.ts";
import { makePlan } from "../../lib/plan/plan.ts";

const BASE = { flake: ".#web", host: "web" };

Deno.test("makePlan() lets a key file win over a key's text", () => {
  const { ssh } = makePlan({ ...BASE, identityFile: "key", privateKey: "text" });
  assertEquals([ssh.identityFile, ssh.privateKey], ["key", undefined]);
  assertEquals(makePlan({ ...BASE, privateKey: "text" }).ssh.privateKey, "text");
  assertEquals(makePlan({ ...BASE, privateKey: "" }).ssh.privateKey, undefined);
});

Deno.test("makePlan() takes ports as numbers and as text", () => {
  const { ssh, kexec } = makePlan({ ...BASE, sshPort: 23, postKexecSshPort: "24" });
  assertEquals([ssh.port, kexec.port], [23, 24]);
});

Deno.test("makePlan() passes the password and NIXOS_NO_CHECK on as they are", () => {
  const { ssh, install } = makePlan({ ...BASE, password: " p'w\n", noCheck: "1" });
  assertEquals([ssh.password, install.noCheck], [" p'w\n", "1"]);
});

Deno.test("makePlan() takes undefined for absent", () => {
  const names = ["sshPort", "phases", "kexec", "chown", "diskoMode", "buildOn", "vmTest", "from"];
  const nothing = Object.fromEntries(names.map((name) => [name, undefined]));
  assertEquals(makePlan({ ...BASE, ...nothing }), makePlan(BASE));
});

Deno.test("makePlan() gives a plan that cannot be changed and shares nothing with the caller", () => {
  const options = {
    ...BASE,
    sshOptions: ["A=1"],
    phases: ["kexec"],
    diskEncryptionKeys: [{ remote: "/a", local: "b" }],
    nixOptions: [{ name: "a", value: "b" }],
  };
  const plan = makePlan(options);
  options.sshOptions.push("B=2");
  options.diskEncryptionKeys[0]!.remote = "/changed";
  assertEquals(plan.ssh.options, ["A=1"]);
  assertEquals(plan.install.keys, [{ remote: "/a", local: "b" }]);
  const look = (value: unknown) => {
    if (typeof value !== "object" || value === null) return;
    assert(Object.isFrozen(value));
    Object.values(value).forEach(look);
  };
  look(plan);
  assert(!Object.isFrozen(options.sshOptions) && !Object.isFrozen(options.nixOptions[0]));
});

Deno.test("makePlan() changes nothing about its options", () => {
  const frozen: PlanOptions = Object.freeze({
    ...BASE,
    chown: Object.freeze([Object.freeze({ path: "home", owner: "me" })]),
  });
  assertEquals(makePlan(frozen).install.chown, [{ path: "/home", owner: "me" }]);
});

Deno.test("makePlan() refuses values of the library's caller that no type allows", () => {
  const wrong: readonly Record<string, unknown>[] = [
    { diskoMode: "zap" },
    { buildOn: "REMOTE" },
    { generateHardwareConfig: { backend: "x", path: "y" } },
    { phases: [] },
    { phases: ["build"] },
    { sshOptions: ["x"] },
    { host: "" },
    { host: undefined },
    { identityFile: "" },
  ];
  for (const options of wrong) {
    assertThrows(() => makePlan({ ...BASE, ...options }), UsageError);
  }
});
