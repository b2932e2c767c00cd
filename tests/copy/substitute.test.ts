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

Deno.test("parseProbe() reads what makes sense and nothing else", () => {
  const { tools, alive, lost } = parseProbe(
    "hello\ntool zstd\ntool rm\nalive https://a/\nalive b c\ndead s3://x?y=z&a\ndead\nend\n",
  );
  assertEquals([[...tools], alive, lost], [["zstd"], ["https://a/"], ["s3://x?y=z&a"]]);
  assertEquals(parseProbe("").alive, []);
});
