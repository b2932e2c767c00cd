import { assert, assertEquals } from "@std/assert";
import { UsageError } from "../../lib/errors.ts";
import { sshOptionLine } from "../../lib/plan/ssh_option.ts";
import { configPath } from "../../lib/ssh/config.ts";
import { anyShell, quote } from "../../lib/ssh/quote.ts";
import { property, Random, unless } from "../support/random.ts";

/** A text as UTF-8 can hold it, without the one character that no argument can have. */
const word = (random: Random) => random.text(10).replaceAll("\0", "").toWellFormed();

property("quote() gives one word that every POSIX shell reads as the text", 10_000, (random) => {
  const text = word(random);
  const quoted = quote(text);
  if (quoted === text) return assert(/^[\w@%+=:,./-]+$/.test(text) && !text.startsWith("="), text);
  // A shell's own rule: text between single quotes, and \' between those.
  const parts = /^'[^']*'(\\''[^']*')*$/.exec(quoted);
  assert(parts, quoted);
  assertEquals(quoted.slice(1, -1).replaceAll(`'\\''`, "'"), text);
});

property("anyShell() gives what sh, fish and csh read alike", 10_000, (random) => {
  const line = anyShell(word(random));
  assert(
    /^sh -c '[^'\\!\n]*'$|^sh -c 'eval "\$\(printf %b "\$0"\)"' '([^'\\!\n]|\\0[0-7]{3})*'$/.test(
      line,
    ),
  );
});

Deno.test("quote() and anyShell() pass 200 random words through a real sh", async () => {
  const seed = Number(Deno.env.get("TEST_SEED") ?? Math.floor(Math.random() * 2 ** 31));
  const random = new Random(seed);
  const words = Array.from({ length: 200 }, () => word(random));
  const lines = words.map((word) => anyShell(`printf '<%s>' ${quote(word)}`));
  const { stdout } = await new Deno.Command("sh", { args: ["-c", lines.join("\n")] }).output();
  const wanted = words.map((word) => `<${word}>`).join("");
  assertEquals(
    new TextDecoder("utf-8", { ignoreBOM: true }).decode(stdout),
    wanted,
    `TEST_SEED=${seed}`,
  );
});

property("what goes into an ssh configuration stays on its line", 10_000, (random) => {
  const option = `${random.pick(["Port", "User", random.text(2)])}${
    random.pick(["=", " ", " = ", ""])
  }${random.text()}`;
  for (const check of [sshOptionLine]) {
    const line = unless(UsageError, () => check(option));
    if (line === undefined) continue;
    assert(!/[\n\r]/.test(line), JSON.stringify(line));
    assert(/^[A-Za-z][A-Za-z0-9]* \S/.test(line), JSON.stringify(line));
    assert(!/^(host|match|include) /i.test(line), line);
  }
  const path = unless(UsageError, () => configPath(random.text()));
  if (path !== undefined) assert(/^"[^"\\\p{Cc}]*"$/u.test(path), JSON.stringify(path));
});
