import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { delay } from "../../lib/async.ts";
import { ConnectionError, DeadlineError } from "../../lib/errors.ts";
import { takeSocket } from "../../lib/ssh/prepare_login.ts";
import { connect } from "../../lib/steps/connect.ts";
import { startContainer } from "../support/loopback/mod.ts";
import { children, ignore, login, sharedContainer, withTemp } from "./fixture.ts";

const container = sharedContainer();

Deno.test("Session disposal leaves neither ssh nor files", { ignore }, async () => {
  const left = await withTemp(async (folder) => {
    {
      await using target = await login(container());
      await target.run(["true"]);
      assertEquals((await children(folder)).length, 1);
    }
    assertEquals(await children(), []);
  });
  assertEquals(left, []);
});

Deno.test("connect() that fails leaves neither ssh nor files", { ignore }, async () => {
  const left = await withTemp(async () => {
    await assertRejects(() => login(container(), "pwuser"), ConnectionError);
  });
  assertEquals(left, []);
  assertEquals(await children(), []);
});

Deno.test(
  "a login that ended with its socket is told as a lost connection",
  { ignore },
  async () => {
    await withTemp(async (folder) => {
      await using target = await login(container());
      const found = [...Deno.readDirSync(folder)].find(({ name }) =>
        name.startsWith("nixos-anywhere-")
      );
      const socket = `${folder}/${found?.name}/c`;
      assert((await Deno.lstat(socket)).isSocket);
      await target.run(["sh", "-c", 'kill -9 "$PPID"']).catch(() => {});
      await Deno.remove(socket).catch(() => {});
      await takeSocket(`${folder}/gone`, socket);
      await assertRejects(() => target.run(["true"]), ConnectionError, "connection was lost");
      await assertRejects(() => takeSocket(folder, "/proc/c"), Error);
    });
  },
);

Deno.test("Session.run() ends at its deadline and the session lives on", { ignore }, async () => {
  await using target = await login(container());
  const began = performance.now();
  await assertRejects(
    () => target.run(["sleep", "60"], { timeout: 200 }),
    DeadlineError,
    "root@127.0.0.1: sleep 60 did not end within 0.2 s",
  );
  assertLess(performance.now() - began, 30_000);
  assertEquals((await children("sleep")).length, 0);
  assertEquals((await target.run(["echo", "on"])).stdout, "on\n");
});

Deno.test("Session.run() bounds what a long output keeps in memory", { ignore }, async () => {
  await using target = await login(container());
  // What the process holds tells little: V8 collects late, and later on a busy machine.
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  const kept = () => {
    collect();
    const { heapUsed, external } = Deno.memoryUsage();
    return heapUsed + external;
  };
  const before = kept();
  const most = async (code: string, onLine?: () => void) => {
    let [most, over] = [0, false];
    const looks = (async () => {
      // Between two looks there is time to read, however long one takes.
      for (; !over; await delay(100)) {
        most = Math.max(most, kept() - before);
      }
    })();
    await target.run(["sh", "-c", code], { timeout: 120_000, ...(onLine && { onLine }) });
    over = true;
    await looks;
    return most;
  };
  // Of 100 MB each.
  let lines = 0;
  const manyLines = `yes ${"y".repeat(999)} | head -n 100000`;
  assertLess(await most(manyLines, () => void lines++), 40e6);
  assertEquals(lines, 100_000);
  assertLess(await most("head -c 100000000 /dev/zero | tr '\\0' x"), 40e6);
});

Deno.test("Session.run() ends with its signal, for the signal's reason", { ignore }, async () => {
  await using target = await login(container());
  const controller = new AbortController();
  const reason = new Error("enough");
  setTimeout(() => controller.abort(reason), 100);
  const { signal } = controller;
  assertEquals(await assertRejects(() => target.run(["sleep", "60"], { signal })), reason);
  assertEquals(await assertRejects(() => target.run(["true"], { signal })), reason);
  assertEquals((await children("sleep")).length, 0);
});

Deno.test(
  "connect()'s signal ends all that runs and leaves the login to tidy up with",
  { ignore },
  async () => {
    const controller = new AbortController();
    const reason = new Error("interrupted");
    const left = await withTemp(async () => {
      await using target = await login(container(), "root", { signal: controller.signal });
      setTimeout(() => controller.abort(reason), 100);
      const running = [target.run(["sleep", "60"]), target.script("sleep 60")];
      for (const one of running) one.catch(() => {});
      for (const one of running) assertEquals(await assertRejects(() => one), reason);
      assertEquals(await assertRejects(() => target.run(["true"])), reason);
      await target.run(["true"], { evenIfAborted: true });
    });
    assertEquals(left, []);
    assertEquals(await children(), []);
  },
);

Deno.test("connect() that is given up ends what was to make the connection", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  // As many seconds as no other program sleeps.
  const seconds = `${1e6 + Math.floor(Math.random() * 1e6)}`;
  const running = async () => {
    const { stdout } = await new Deno.Command("ps", { args: ["-ewwo", "args="] }).output();
    return new TextDecoder().decode(stdout).split("\n").filter((line) => line.includes(seconds));
  };
  const controller = new AbortController();
  const trying = connect("root@127.0.0.1", {
    sshOptions: [`ProxyCommand=sh -c "sleep ${seconds}; :"`],
    signal: controller.signal,
  });
  trying.catch(() => {});
  while (!(await running()).some((line) => /^sleep/.test(line))) await delay(20);
  controller.abort(new Error("given up"));
  await assertRejects(() => trying, Error, "given up");
  for (let tries = 0; (await running()).length > 0 && tries < 200; tries++) await delay(50);
  assertEquals(await running(), []);
});

Deno.test(
  "a script that is ended with its input tidies up, though what it waits for missed the signal",
  { ignore },
  async () => {
    await using target = await login(container());
    const controller = new AbortController();
    const { signal } = controller;
    // As a subshell of dash that has not begun. A shell may end of PIPE when it says to nobody which program ended.
    const text = `trap 'echo tidy >/root/tidy; exit 1' TERM PIPE
sh -c 'trap "trap - TERM" TERM; echo runs; exec >/dev/null 2>&1; while :; do sleep 0.1; done'`;
    const onLine = () => controller.abort(new Error("enough"));
    const running = target.script(text, { killOnDisconnect: true, onLine, signal });
    await assertRejects(() => running, Error, "enough");
    await target.run(["sh", "-c", "until [ -e /root/tidy ]; do sleep 0.1; done"], {
      timeout: 60_000,
    });
  },
);

Deno.test("connect() ends with its signal while it waits", { ignore }, async () => {
  using deaf = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = deaf.addr;
  const reason = new Error("interrupted");
  const signal = AbortSignal.timeout(150);
  const left = await withTemp(async () => {
    const error = await assertRejects(() => login(container(), "root", { port, signal }));
    assert(error instanceof DOMException, String(error));
    const aborted = AbortSignal.abort(reason);
    assertEquals(
      await assertRejects(() => login(container(), "root", { signal: aborted })),
      reason,
    );
  });
  assertEquals(left, []);
  assertEquals(await children(), []);
});

Deno.test(
  "Session.run() throws a ConnectionError when the machine goes away",
  { ignore },
  async () => {
    await using own = await startContainer();
    await using target = await login(own);
    const running = target.run(["sleep", "60"]);
    running.catch(() => {});
    await target.run(["true"]);
    await own.end();
    await assertRejects(() => running, ConnectionError, "the connection was lost during sleep 60");
    assertEquals(target.ended, true);
    await assertRejects(() => target.run(["true"]), ConnectionError);
  },
);

Deno.test("connect()'s login ends with this process, however it ends", { ignore }, async () => {
  const { port, identityFile, host } = container();
  const module = new URL("../../lib/steps/connect.ts", import.meta.url);
  const code = `import { connect } from ${JSON.stringify(module.href)};
    const target = await connect("plain@${host}", ${
    JSON.stringify({ port, identityFile, hostKey: "off" })
  });
    console.log(target.sshOptions);
    setTimeout(() => {}, 60_000);`;
  const folder = await withTemp(async (folder) => {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["eval", code],
      stdin: "null",
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.getReader();
    await reader.read();
    await reader.cancel();
    child.kill("SIGKILL");
    await child.status;
    await until(async () => !(await processes()).includes(folder));
  });
  assertEquals(folder.length, 1);
  await until(async () => !(await container().run("ps -eo args")).stdout.includes("sshd: plain"));
});

async function processes(): Promise<string> {
  const { stdout } = await new Deno.Command("ps", { args: ["-eo", "args"] }).output();
  return new TextDecoder().decode(stdout);
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const late = Date.now() + 5000;
  while (!(await condition())) {
    if (Date.now() > late) throw new Error("it did not happen");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
