import { assert, assertEquals, assertRejects } from "@std/assert";
import { logInSoon } from "../../lib/ssh/attempts.ts";
import { startContainer } from "../support/loopback/mod.ts";
import { startRelay } from "../support/relay.ts";
import { children, ignore } from "./fixture.ts";

/** Passes connections on to a port, but for the first ones: they are held until `release` is called. */
function holding(count: number, to: { host: string; port: number }) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open: Deno.TcpConn[] = [];
  const passing: Promise<unknown>[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const pass = async (near: Deno.TcpConn, held: boolean) => {
    open.push(near);
    if (held) await promise;
    const far = await Deno.connect({ hostname: to.host, port: to.port });
    open.push(far);
    await Promise.allSettled([
      near.readable.pipeTo(far.writable),
      far.readable.pipeTo(near.writable),
    ]);
  };
  const serving = (async () => {
    let seen = 0;
    try {
      for await (const near of listener) passing.push(pass(near, seen++ < count).catch(() => {}));
    } catch {
      // The listener was closed.
    }
  })();
  return {
    port: listener.addr.port,
    get held() {
      return Math.min(open.length, count);
    },
    release: resolve,
    async [Symbol.asyncDispose]() {
      listener.close();
      resolve();
      for (const conn of open) {
        try {
          conn.close();
        } catch {
          // Its streams have closed it.
        }
      }
      await Promise.all([serving, ...passing]);
    },
  };
}

const SETTINGS = { greetedAfter: 5000, refusals: 1000 };

Deno.test("logInSoon() does not wait for attempts that nobody answers", { ignore }, async () => {
  await using container = await startContainer();
  await using network = holding(2, container);
  const signal = AbortSignal.timeout(60_000);
  const { identityFile } = container;
  const options = { port: network.port, identityFile, hostKey: "off" } as const;
  // The first attempt may wait 45 s for the greeting.
  await using session = await logInSoon({ host: "127.0.0.1", user: "root" }, options, {
    ...SETTINGS,
    signal,
  });
  assertEquals((await session.run(["id", "-un"])).stdout, "root\n");
  assertEquals(await container.logins(), ["root publickey"]);
  assertEquals((await children()).length, 1);
});

Deno.test("logInSoon() logs in once when several attempts are answered at once", {
  ignore,
}, async () => {
  await using container = await startContainer();
  // The relay's delay keeps a login longer than it takes to end the other attempts.
  await using relay = await startRelay({ to: container, delayMs: 50 });
  await using network = holding(3, relay);
  const timer = setInterval(() => network.held === 3 && network.release(), 20);
  const { identityFile } = container;
  const options = { port: network.port, identityFile, hostKey: "off" } as const;
  const signal = AbortSignal.timeout(60_000);
  await using session = await logInSoon({ host: "127.0.0.1", user: "root" }, options, {
    ...SETTINGS,
    signal,
  });
  clearInterval(timer);
  assertEquals((await session.run(["id", "-un"])).stdout, "root\n");
  assertEquals(await container.logins(), ["root publickey"]);
  assertEquals((await children()).length, 1);
});

Deno.test("logInSoon() ends all attempts with its signal", { ignore }, async () => {
  await using container = await startContainer();
  await using network = holding(Infinity, container);
  const reason = new Error("stop");
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), 1000);
  const options = {
    port: network.port,
    identityFile: container.identityFile,
    hostKey: "off",
  } as const;
  const { signal } = controller;
  const trying = logInSoon({ host: "127.0.0.1", user: "root" }, options, { ...SETTINGS, signal });
  assertEquals(await assertRejects(() => trying), reason);
  assertEquals(await children(), []);
});

Deno.test(
  "logInSoon() has two attempts open at most while nobody answers",
  { ignore },
  async () => {
    await using container = await startContainer();
    await using network = holding(Infinity, container);
    const options = {
      port: network.port,
      identityFile: container.identityFile,
      hostKey: "off",
    } as const;
    const signal = AbortSignal.timeout(8000);
    let over = false;
    const trying = logInSoon({ host: "127.0.0.1", user: "root" }, options, { ...SETTINGS, signal });
    const ended = assertRejects(() => trying).finally(() => over = true);
    let most = 0;
    while (!over) {
      most = Math.max(most, (await children()).length);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await ended;
    assert(most > 0 && most <= 2, `${most}`);
  },
);
