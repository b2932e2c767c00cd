import {
  assert,
  assertEquals,
  assertLess,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { CommandError, ConnectionError, DeadlineError } from "../../lib/errors.ts";
import { requestValid } from "../../lib/copy/protocol/serve_requests.ts";
import { StoreServers } from "../../lib/copy/transfer/store_servers.ts";
import { silent } from "../../lib/report/events.ts";
import { startContainer } from "../support/loopback/mod.ts";
import { startRelay } from "../support/relay.ts";
import { startSlowServer } from "../support/slow_server.ts";
import { children, ignore, login, sharedContainer } from "../ssh/fixture.ts";
import { copy, item, ownStore, packed, stored } from "./fixture.ts";

const make = ownStore();
const container = sharedContainer();

for (const root of ["/", "/mnt", "/mnt/a&b=%41 ü"]) {
  Deno.test(`copyClosure() fills ${root}, and sends nothing twice`, { ignore }, async () => {
    const name = `fill${root.replace(/\W+/g, "-")}`;
    const path = await make([
      item(`${name}-a`, 10),
      item(`${name}-b`, 3_000_000, [0]),
      item(`${name}-c`, 0, [0, 1]),
    ]);
    await using target = await login(container());
    const first = await copy(target, path, { root });
    assertEquals([first.sent, first.warnings], [3, []]);
    assertEquals(await stored(container(), path, root), 3);
    const progress = first.events.filter((event) => event.type === "progress").at(-1);
    assert(progress?.type === "progress" && progress.what === "closure");
    assert(progress.done === progress.total && progress.done > 3_000_000);
    const again = await copy(target, path, { root });
    assertEquals([again.sent, again.warnings], [0, []]);
  });
}

Deno.test(
  "copyClosure() takes several paths, and sends only what is missing",
  { ignore },
  async () => {
    const one = await make([item("several-base", 100), item("several-1", 100, [0])]);
    const two = await make([item("several-base", 100), item("several-2", 100, [0])]);
    await using target = await login(container());
    assertEquals((await copy(target, one)).sent, 2);
    assertEquals((await copy(target, [one, two])).sent, 1);
    assertEquals(await stored(container(), two), 2);
    assertEquals((await copy(target, [])).events, []);
  },
);

Deno.test("a server sees what came while it ran", { ignore }, async () => {
  const path = await make([item("meanwhile", 10)]);
  await using target = await login(container());
  const options = { root: "/", report: silent };
  await using server = new StoreServers(target, options, new AbortController().signal).remote();
  const valid = () => server.request(requestValid([path]), (answers) => answers.texts());
  await server.read((answers) => answers.greeting());
  assertEquals(await valid(), []);
  assertEquals((await copy(target, path)).sent, 1);
  assertEquals(await valid(), [path]);
});

const chain = Array.from({ length: 300 }, (_, i) => item(`chain-${i}`, 100, i > 0 ? [i - 1] : []));
const tiny = Array.from({ length: 500 }, (_, i) => item(`tiny-${i}`, i % 9, i > 0 ? [i >> 1] : []));
const odd: Readonly<Record<string, readonly ReturnType<typeof item>[]>> = {
  "a chain of 300": chain,
  "500 tiny paths": [...tiny, item("tiny", 1, tiny.map((_, i) => i))],
  "references to themselves": [item("self-a", 5, [0]), item("self-b", 5, [0, 1])],
  "a single empty path": [item("empty", 0)],
  "a name of odd characters": [item("a+b_c?d=e.f-1", 7)],
};
for (const [title, items] of Object.entries(odd)) {
  Deno.test(`copyClosure() copies ${title}`, { ignore }, async () => {
    const path = await make(items);
    await using target = await login(container());
    const { sent, warnings } = await copy(target, path, { root: "/mnt" });
    assertEquals([sent, warnings], [items.length, []]);
    assertEquals(await stored(container(), path, "/mnt"), items.length);
  });
}

for (const without of [["zstd"], ["zstd", "gzip"]]) {
  Deno.test(
    `copyClosure() does without ${without.join(" and ")} on the target`,
    { ignore },
    async () => {
      const path = await make([item("without", 3_000_000), item("without-top", 1, [0])]);
      await using bare = await startContainer({ without });
      await using relay = await startRelay({ to: bare, delayMs: 15 });
      await using target = await login(bare, "root", { port: relay.port });
      const { sent, warnings } = await copy(target, path);
      assertEquals([sent, warnings], [2, []]);
      assertEquals(await stored(bare, path), 2);
      if (without.length === 1) assertLess(relay.sent, 2_500_000);
      else assert(relay.sent > 3_000_000);
    },
  );
}

// A server that starts in a new store makes it, and so would another one: nix then fails with "File exists".
const ALONE = `#!/bin/sh
case "$*" in
*--write*)
  mkdir /run/opening || { echo two make the store at once >&2; exit 1; }
  sleep 2
  rmdir /run/opening
  ;;
esac
exec /usr/bin/nix-store "$@"
`;
for (const [delayMs, count] of [[15, 3], [40, 40]] as const) {
  Deno.test(
    `copyClosure() has a new store made by one server, ${2 * delayMs} ms away`,
    { ignore },
    async () => {
      const items = Array.from({ length: count }, (_, i) => item(`new-${count}-${i}`, 1_000_000));
      const path = await make([...items, item(`new-${count}`, 1, items.map((_, i) => i))]);
      const files = { "/usr/local/bin/nix-store": { text: ALONE, mode: 0o755 } };
      await using own = await startContainer({ files });
      await using relay = await startRelay({ to: own, delayMs });
      await using target = await login(own, "root", { port: relay.port });
      // Known to be far, the link is packed for from the start.
      const link = { rtt: 2 * delayMs };
      const { sent, warnings, events } = await copy(target, path, { root: "/mnt", link });
      assertEquals([sent, warnings], [count + 1, []]);
      assertEquals(packed(events), ["zstd"], "only a packed stream has a server of its own");
    },
  );
}

const COUNTED = `#!/bin/sh
echo "$*" >>/run/box/servers
exec /usr/bin/nix-store "$@"
`;
for (const [title, link] of [["far", { rtt: 80 }], ["near", { rtt: 0, rate: 1e9 }]] as const) {
  Deno.test(
    `copyClosure() asks nothing of a new store over a ${title} link`,
    { ignore },
    async () => {
      const items = Array.from({ length: 3 }, (_, i) => item(`fresh-${i}`, 1_000_000));
      const path = await make([...items, item("fresh", 1, items.map((_, i) => i))]);
      const files = { "/usr/local/bin/nix-store": { text: COUNTED, mode: 0o755 } };
      await using own = await startContainer({ files });
      await using target = await login(own);
      const options = { root: "/mnt", link, fresh: true };
      // The second time it is not new, and nothing breaks.
      for (const time of [1, 2]) {
        const { sent, warnings } = await copy(target, path, options);
        assertEquals([sent, warnings, await stored(own, path, "/mnt")], [4, [], 4]);
        const servers = (await own.run("grep -c -e --serve /run/box/servers")).stdout;
        assertEquals(Number(servers), time);
      }
    },
  );
}

Deno.test("copyClosure() falls back to nix copy, and says so", { ignore }, async () => {
  const path = await make([item("fallback", 100)]);
  await using bare = await startContainer({ without: ["nix-store"] });
  await using target = await login(bare);
  const { warnings, sent } = await copy(target, path);
  assertEquals(sent, undefined);
  assertMatch(warnings[0] ?? "", /copying with plain nix copy: .*nix-store/);
  assertEquals((await bare.run(`test -e ${path}`)).code, 0);
});

Deno.test("copyClosure() says with nix's words what is missing here", { ignore }, async () => {
  await using target = await login(container());
  const path = "/nix/store/0c8v6a1qzvlkn1rhkd5czbjl0ssbk5ss-nowhere";
  await assertRejects(() => copy(target, path), Error, path);
  const from = "daemon?root=/nowhere";
  await assertRejects(
    () => copy(target, path, { from }),
    CommandError,
    `${target.label}: nix failed: `,
  );
});

Deno.test(
  "copyClosure() does not wait for what a damaged store here has not",
  { ignore },
  async () => {
    const path = await make([item("damaged", 1_000_000)]);
    const folder = /root=(.*)$/.exec(Deno.env.get("NIX_REMOTE") ?? "")?.[1];
    await Deno.chmod(`${folder}${path}`, 0o600);
    await Deno.truncate(`${folder}${path}`, 500_000);
    await using target = await login(container());
    const error = await assertRejects(() => copy(target, path), CommandError, "mismatch");
    assertMatch(error.hint, /--repair/);
  },
);

Deno.test("copyClosure() says whose store is full", { ignore }, async () => {
  const path = await make([item("too-much", 4_000_000)]);
  const setup = "mount -t tmpfs -o size=3m,mode=755 full /mnt";
  await using small = await startContainer({ setup });
  await using target = await login(small);
  const error = await assertRejects(() => copy(target, path, { root: "/mnt" }), CommandError);
  assertMatch(error.message, /^\S+: nix failed: .*(No space left|disk is full)/);
  assertStringIncludes(error.hint, `the store of ${target.label} is full`);
});

Deno.test("copyClosure() by nix copy says that the connection was lost", { ignore }, async () => {
  const path = await make([item("lost", 8_000_000)]);
  await using bare = await startContainer({ without: ["nix-store"] });
  await using relay = await startRelay({
    to: bare,
    bytesPerSecond: 8_000_000,
    cutAfterBytes: 3_000_000,
  });
  await using target = await login(bare, "root", { port: relay.port });
  await assertRejects(
    () => copy(target, path),
    ConnectionError,
    `${target.label}: the connection was lost while store paths were copied`,
  );
});

Deno.test("copyClosure() goes on where an interrupted copy ended", { ignore }, async () => {
  const items = Array.from(
    { length: 20 },
    (_, i) => item(`cut-${i}`, 1_000_000, i > 0 ? [i - 1] : []),
  );
  const path = await make(items);
  await using relay = await startRelay({
    to: container(),
    bytesPerSecond: 20_000_000,
    // Less than all of it when it is compressed, as on a machine that is busy; more than the 2 MB that lie between the
    // connection and the store there.
    cutAfterBytes: 5_000_000,
  });
  {
    await using target = await login(container(), "root", { port: relay.port });
    await assertRejects(() => copy(target, path), ConnectionError, "was lost");
  }
  await using target = await login(container());
  const { sent = 0 } = await copy(target, path);
  assert(sent > 0 && sent < 20, `${sent} were sent again`);
  assertEquals(await stored(container(), path), 20);
});

Deno.test("copyClosure() ends all its children when it is aborted", { ignore }, async () => {
  const path = await make([item("abort", 30_000_000)]);
  await using relay = await startRelay({ to: container(), bytesPerSecond: 4_000_000 });
  await using target = await login(container(), "root", { port: relay.port });
  const { signal, abort } = (() => {
    const controller = new AbortController();
    return { signal: controller.signal, abort: () => controller.abort(new Error("enough")) };
  })();
  const copying = copy(target, path, { signal });
  setTimeout(abort, 700);
  await assertRejects(() => copying, Error, "enough");
  assertEquals((await children()).filter((line) => !line.includes(" -S ")), []);
  let left = "";
  for (let tries = 0; tries < 100; tries++) {
    left = (await container().run("ps -eo args | grep -E '^(nix-store|zstd)' || :")).stdout;
    if (left === "") break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assertEquals(left, "");
});

Deno.test("copyClosure() gives up when nothing moves", { ignore }, async () => {
  const path = await make([item("stall", 20_000_000)]);
  const { host, port } = container();
  await using relay = await startRelay({ to: { host, port }, freezeAfterBytes: 2_000_000 });
  await using target = await login(container(), "root", { port: relay.port });
  const error = await assertRejects(() => copy(target, path, { stall: 1500 }), DeadlineError);
  assertMatch(error.message, /no store path moved for 1.5 s$/);
});

Deno.test("copyClosure() reports how far it is, and never the same twice", { ignore }, async () => {
  const items = Array.from({ length: 200 }, (_, i) => item(`progress-${i}`, 20_000));
  const path = await make([...items, item("progress", 1, items.map((_, i) => i))]);
  await using target = await login(container());
  const { events } = await copy(target, path);
  const steps = events.flatMap((event) => event.type === "progress" ? [event] : []);
  const done = steps.map((step) => step.done);
  const told = steps.map(({ done, paths }) => `${done} bytes, ${paths?.done} paths`);
  assertEquals(told, [...new Set(told)]);
  assertEquals(done, done.toSorted((a, b) => a - b));
  assertEquals(steps.at(-1)?.paths, { done: 201, total: 201 });
  assertEquals(done.at(-1), steps[0]?.total);
});

Deno.test("copyClosure() packs what is left when a near link is slow", { ignore }, async () => {
  const all: string[] = [];
  // The link is slower than the slowest machine, but not than one that is busy at that moment, which is the target's too:
  // then it is tried again.
  for (let tries = 0; tries < 6; tries++) {
    const items = Array.from({ length: 40 }, (_, i) => item(`near-${tries}-${i}`, 1_000_000));
    const path = await make([...items, item(`near-${tries}`, 1, items.map((_, i) => i))]);
    await using relay = await startRelay({ to: container(), bytesPerSecond: 4_000_000 });
    await using target = await login(container(), "root", { port: relay.port });
    const { events, sent } = await copy(target, path, { link: { rtt: 0 } });
    assertEquals([sent, await stored(container(), path)], [41, 41]);
    const said = events.flatMap((event) => event.type === "log" ? [event.text] : []).join("\n");
    all.push(said);
    if (/limited by (this machine|the target)$/m.test(said)) continue;
    assertEquals(packed(events), ["none", "zstd"], said);
    return;
  }
  throw new Error(`the link was never what limits it:\n${all.join("\n\n")}`);
});

Deno.test("copyClosure() takes no target for far that was slow to greet", { ignore }, async () => {
  const [first, second] = [await make([item("late", 1_000_000)]), await make([item("later", 1e6)])];
  await using front = startSlowServer(container(), 900);
  await using target = await login(container(), "root", { port: front.port });
  // This one measures the round trip; one to a store that is known to be new does not.
  const measured = packed((await copy(target, first)).events);
  assertEquals(packed((await copy(target, second, { fresh: true })).events), measured);
});

/** A nix-store that stops a process, and lets it go on for a few hundredths of the time. */
const stopping = (pid: string) =>
  `#!/bin/sh
case "$*" in *--write*)
  ( pid=${pid}
    while kill -STOP $pid 2>/dev/null; do sleep 0.19; kill -CONT $pid; sleep 0.005; done
  ) </dev/null >/dev/null 2>&1 &
esac
exec /usr/bin/nix-store "$@"
`;
for (const [title, pid] of [["store", "$$"], ["ssh server", "$PPID"]] as const) {
  Deno.test(
    `copyClosure() packs nothing for a target with a slow ${title}`,
    { ignore },
    async () => {
      const items = Array.from({ length: 40 }, (_, i) => item(`slow-${i}`, 1_000_000));
      const path = await make([...items, item("slow", 1, items.map((_, i) => i))]);
      const files = { "/usr/local/bin/nix-store": { text: stopping(pid), mode: 0o755 } };
      await using own = await startContainer({ files });
      await using target = await login(own);
      const { events, sent } = await copy(target, path, { link: { rtt: 0 } });
      assertEquals([sent, await stored(own, path)], [41, 41]);
      const said = events.flatMap((event) => event.type === "log" ? [event.text] : []).join("\n");
      assertEquals(packed(events), ["none"], said);
      // The target and this machine have the same processors.
      assertMatch(said, /^\d+\.\d MB\/s: limited by (the target|this machine)$/m);
    },
  );
}

const many = Array.from({ length: 40 }, (_, i) => item(`far-${i}`, 1_000_000));

Deno.test("copyClosure() takes the channels that it is granted", { ignore }, async () => {
  const path = await make([...many, item("far", 1, many.map((_, i) => i))]);
  for (const sessions of [1, 2, 3]) {
    await using own = await startContainer({ sshdConfig: [`MaxSessions ${sessions}`] });
    await using relay = await startRelay({ to: own, delayMs: 40 });
    await using target = await login(own, "root", { port: relay.port });
    const { warnings, events } = await copy(target, path);
    assertEquals([warnings, await stored(own, path), packed(events)], [[], 41, ["zstd"]]);
  }
});

Deno.test("copyClosure() over a far link ends when the connection does", { ignore }, async () => {
  const path = await make([...many, item("far", 1, many.map((_, i) => i))]);
  await using own = await startContainer();
  await using relay = await startRelay({ to: own, delayMs: 40, cutAfterBytes: 6_000_000 });
  await using target = await login(own, "root", { port: relay.port });
  await assertRejects(() => copy(target, path), ConnectionError);
  assertEquals((await children()).filter((line) => !line.includes(" -S ")), []);
  const left = "ps -eo args | grep -E '^(nix-store|zstd|sh -c IFS)' || :";
  for (let tries = 0; (await own.run(left)).stdout !== "" && tries < 100; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assertEquals((await own.run(left)).stdout, "");
});
