import { assert, assertEquals, assertRejects } from "@std/assert";
import { BootError, HostIdentityError, LoginError } from "../../lib/errors.ts";
import { awaitBoot, type BootOptions } from "../../lib/ssh/boot.ts";
import {
  type Boot,
  freePort,
  type Machine,
  makeKey,
  startMachine,
} from "../support/loopback/mod.ts";
import { children, ignore, login } from "./fixture.ts";

const expected = "the installer";

/** Logs in to a machine's first system and makes it boot. */
async function boot(machine: Machine, options: Partial<BootOptions> = {}) {
  const expectedHostKeys = machine.container.hostKeys.map((key) => key.publicKey);
  const previous = machine.container.bootId;
  const old = await login(machine, "root", { hostKey: "accept-new", expectedHostKeys });
  await old.run(["reboot"]);
  return await awaitBoot(old, { previous, expected, timeout: 60_000, ...options });
}

const pairs: [string, Boot][] = [
  ["a machine that is back before anyone looks", { delay: 0, gap: 0 }],
  ["a machine that is away for a while", { delay: 300, gap: 1500 }],
];
for (const [title, next] of pairs) {
  Deno.test(`awaitBoot() finds ${title}`, { ignore }, async () => {
    await using machine = await startMachine({}, { installer: true, ...next });
    await using target = await boot(machine);
    const { stdout } = await target.run(["cat", "/proc/sys/kernel/random/boot_id"]);
    assertEquals(stdout.trim(), machine.containers[1]!.bootId);
    assertEquals(await machine.logins(), ["0 root publickey", "1 root publickey"]);
    assertEquals((await children()).length, 1);
  });
}

Deno.test("awaitBoot() logs in on another port and as another user", { ignore }, async () => {
  const port = freePort();
  await using machine = await startMachine({}, { port });
  const { identityFile, host } = machine;
  await using target = await boot(machine, {
    destination: { host, user: "admin" },
    login: { identityFile, port, hostKey: "off" },
  });
  assertEquals((await target.run(["id", "-un"])).stdout, "admin\n");
});

Deno.test("awaitBoot() tells a machine that stayed, with one login", { ignore }, async () => {
  await using machine = await startMachine({});
  const error = await assertRejects(() => boot(machine, { timeout: 1500 }), BootError);
  assertEquals(error.outcome, "stayed");
  assertEquals(error.message, "root@127.0.0.1: still runs the same boot after 1.5 s");
  assertEquals((await machine.logins()).length, 1);
});

Deno.test("awaitBoot() tells a machine that never returns", { ignore }, async () => {
  await using machine = await startMachine({}, { delay: 0, gap: Infinity });
  const error = await assertRejects(() => boot(machine, { timeout: 8000 }), BootError);
  assertEquals(error.outcome, "silent");
  assertEquals(await children(), []);
});

Deno.test(
  "awaitBoot() waits on when the connection broke and the old boot lives",
  { ignore },
  async () => {
    const same = { bootId: crypto.randomUUID() };
    await using machine = await startMachine(same, { ...same, delay: 0 });
    const error = await assertRejects(() => boot(machine, { timeout: 20_000 }), BootError);
    assertEquals(error.outcome, "stayed");
  },
);

Deno.test(
  "awaitBoot() refuses a machine that comes back with other host keys",
  { ignore },
  async () => {
    await using machine = await startMachine({}, { delay: 0, hostKeys: [await makeKey()] });
    await assertRejects(() => boot(machine), HostIdentityError);
    assertEquals((await machine.logins()).length, 1);
  },
);

Deno.test(
  "awaitBoot() throws a LoginError where the new system lets nobody in",
  { ignore },
  async () => {
    await using machine = await startMachine({}, { delay: 0, identity: await makeKey() });
    await assertRejects(() => boot(machine, { refusals: 1200 }), LoginError);
    // 5 s of penalty each, from OpenSSH 9.8 on.
    assert((await machine.container.log()).split("Connection from").length < 6);
    assert((await children()).length === 0);
  },
);

Deno.test(
  "awaitBoot() waits on when a system ends that had just let it in",
  { ignore },
  async () => {
    const force = "ForceCommand sleep 0.3; echo reboot >>/run/box/signals; kill -9 $PPID";
    await using machine = await startMachine({}, { delay: 0, sshdConfig: [force] }, { delay: 0 });
    await using target = await boot(machine);
    const { stdout } = await target.run(["cat", "/proc/sys/kernel/random/boot_id"]);
    assertEquals(stdout.trim(), machine.containers[2]!.bootId);
  },
);

Deno.test("awaitBoot() ends with its signal", { ignore }, async () => {
  await using machine = await startMachine({});
  const controller = new AbortController();
  const reason = new Error("stop");
  setTimeout(() => controller.abort(reason), 800);
  const { signal } = controller;
  assertEquals(await assertRejects(() => boot(machine, { signal })), reason);
});
