import { assert, assertEquals, assertMatch } from "@std/assert";
import { parseProbe } from "../../lib/copy/transfer/target_probe.ts";
import { ignore, login, sharedContainer } from "../ssh/fixture.ts";
import { copy, item, ownStore, stored } from "./fixture.ts";

const make = ownStore();
const container = sharedContainer();
const settings = (...urls: string[]) => [
  { name: "substituters", value: urls.join(" ") },
  { name: "require-sigs", value: "false" },
];

Deno.test(
  "copyClosure() lets the target fetch what its substituters have",
  { ignore },
  async () => {
    const path = await make([item("cached", 100)]);
    const cache = `${container().shared}/cache`;
    const args = ["copy", "--no-check-sigs", "--to", `file://${cache}`, path];
    assert((await new Deno.Command("nix", { args }).output()).success);
    const whole = await make([item("cached", 100), item("not-cached", 100, [0])]);
    await using target = await login(container());
    const told = await copy(target, whole, { nixOptions: settings("file:///run/box/cache") });
    assertEquals([told.sent, told.substituted, told.warnings], [1, 1, []]);
    assertEquals(await stored(container(), whole), 2);
  },
);

Deno.test("copyClosure() does not ask a cache with `substitute: false`", { ignore }, async () => {
  const path = await make([item("not-asked", 100)]);
  await using target = await login(container());
  const told = await copy(target, path, {
    nixOptions: settings("http://127.0.0.1:1"),
    substitute: false,
  });
  assertEquals([told.sent, told.warnings], [1, []]);
});

Deno.test(
  "copyClosure() gives a dead cache up, and does not ask it again",
  { ignore },
  async () => {
    // Accepts, and never answers.
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    let asked = 0;
    const accepting = (async () => {
      const open: Deno.Conn[] = [];
      try {
        for await (const connection of listener) asked = open.push(connection);
      } finally {
        for (const connection of open) connection.close();
      }
    })();
    const url = `http://127.0.0.1:${listener.addr.port}`;
    const [one, two] = [await make([item("dead-1", 100)]), await make([item("dead-2", 100)])];
    await using target = await login(container());
    const first = await copy(target, one, { nixOptions: settings(url) });
    assertMatch(first.warnings.join(), /substituter http:\S+ does not answer: not used$/);
    assertEquals([first.sent, asked], [1, 1]);
    const second = await copy(target, two, { nixOptions: settings(url) });
    assertEquals([second.sent, second.warnings, asked], [1, [], 1]);
    listener.close();
    await accepting.catch(() => {});
  },
);

Deno.test(
  "copyClosure() gives a cache up that is too slow, and tells what comes",
  { ignore },
  async () => {
    const path = await make([item("slow-1", 3_000_000), item("slow-2", 1000, [0])]);
    const cache = await Deno.makeTempDir({ prefix: "cache-" });
    const args = ["copy", "--no-check-sigs", "--to", `file://${cache}`, path];
    assert((await new Deno.Command("nix", { args }).output()).success);
    let asked = 0;
    // Each archive begins at once, and then comes at a byte a second, as no timeout of nix ends.
    const give = async ({ url }: Request) => {
      asked++;
      const { pathname } = new URL(url);
      const file = await Deno.readFile(cache + pathname).catch(() => undefined);
      if (!file) return new Response("", { status: 404 });
      if (!pathname.startsWith("/nar/")) return new Response(file);
      let timer: ReturnType<typeof setInterval> | undefined;
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(file.slice(0, 100));
          timer = setInterval(() => controller.enqueue(new Uint8Array(1)), 1000);
        },
        cancel: () => clearInterval(timer),
      });
      return new Response(body);
    };
    await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, give);
    const nixOptions = settings(`http://127.0.0.1:${server.addr.port}`);
    await using target = await login(container());
    const told = await copy(target, path, { nixOptions, stall: 3000 });
    assertEquals([told.sent, told.substituted, await stored(container(), path)], [2, 0, 2]);
    assertMatch(told.warnings.join(), /its substituters are not used: \d+ bytes came in 3 s$/);
    const fetched = told.events.some((event) =>
      event.type === "activity" && event.where === target.label && event.fetched.done > 0
    );
    assert(fetched, "nothing was told of what came");
    const left = "ps -eo args | grep '^[n]ix-store' || :";
    assertEquals((await container().run(left)).stdout, "");
    const before = asked;
    assertEquals((await copy(target, await make([item("slow-3", 1)]), { nixOptions })).sent, 1);
    assertEquals(asked, before, "it was asked again");
    await Deno.remove(cache, { recursive: true });
  },
);

Deno.test("parseProbe() reads what makes sense and nothing else", () => {
  const { tools, alive, lost } = parseProbe(
    "hello\ntool zstd\ntool rm\nalive https://a/\nalive b c\ndead s3://x?y=z&a\ndead\nend\n",
  );
  assertEquals([[...tools], alive, lost], [["zstd"], ["https://a/"], ["s3://x?y=z&a"]]);
  assertEquals(parseProbe("").alive, []);
});
