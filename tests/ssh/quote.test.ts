import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { anyShell, quote, quoteAll } from "../../lib/ssh/quote.ts";
import { ignore, login, sharedContainer } from "./fixture.ts";

const container = sharedContainer();

/** Words that some shell, printf, or ssh itself would take for something else. */
const WORDS: readonly string[] = [
  ...["", " ", "a b", "it's", "'", "''", `"`, `"'`, "`id`", "$(id)", "$HOME", "${HOME}", "$"],
  ...["\\", "\\\\", "\\n", "\\0101", "a\\", "\n", "a\nb", "end\n\n", "\r\n", "\t", "!", "!!", "!$"],
  ...[
    "-n",
    "--",
    "-",
    "=",
    "=x",
    "a=b",
    "~",
    "~root",
    "#",
    "a#b",
    ";",
    "&",
    "|",
    "<",
    ">",
    "(",
    ")",
  ],
  ...["{a,b}", "[a]", "*", "?", "%", "%s", "%%", "^", "ünï 🎉", "\x01\x1b\x7f", "\u2028"],
];

Deno.test("quote() leaves plain words as they are", () => {
  for (const word of ["a", "/etc/os-release", "user@host:1", "a=b", "-x", "1+1", "50%"]) {
    assertEquals(quote(word), word);
  }
});

Deno.test("quote() quotes everything else, the empty word and a leading = too", () => {
  assertEquals(quote(""), "''");
  assertEquals(quote("=ls"), "'=ls'");
  assertEquals(quote("it's"), `'it'\\''s'`);
  assertEquals(quoteAll(["a", "b c", ""]), "a 'b c' ''");
});

Deno.test("quote() refuses a NUL character", () => {
  assertThrows(() => quote("a\0b"), TypeError, "NUL");
});

Deno.test("anyShell() shows simple code as it is and hides the rest from the login shell", () => {
  assertEquals(anyShell("echo $HOME"), "sh -c 'echo $HOME'");
  for (const code of ["it's", "a\\b", "a!b", "a\nb"]) {
    assertMatch(
      anyShell(code),
      /^sh -c 'eval "\$\(printf %b "\$0"\)"' '([^'\\!\n]|\\0[0-7]{3})+'$/,
    );
  }
});

const shells = { root: "bash", dashy: "sh", fishy: "fish", cshy: "csh" };
for (const [user, shell] of Object.entries(shells)) {
  const absent = ignore || (shell === "csh" && !exists("/bin/csh"));
  const hex = `for w; do printf %s "$w" | od -An -v -tx1 | tr -d ' \\n'; echo; done`;
  const wanted = WORDS.map((word) => new TextEncoder().encode(word).toHex());

  Deno.test(
    `Session.run() hands over every word through ${shell}`,
    { ignore: absent },
    async () => {
      await using target = await login(container(), user);
      const { stdout } = await target.run(["sh", "-c", hex, "sh", ...WORDS]);
      assertEquals(stdout.split("\n").slice(0, -1), wanted);
      for (const [index, word] of WORDS.entries()) {
        const { stdout } = await target.run(["sh", "-c", hex, "sh", word]);
        assertEquals(stdout, `${wanted[index]}\n`);
      }
    },
  );

  Deno.test(
    `Session.script() hands over every word through ${shell}`,
    { ignore: absent },
    async () => {
      await using target = await login(container(), user);
      const { stdout } = await target.script(hex, { args: WORDS });
      assertEquals(stdout.split("\n").slice(0, -1), wanted);
    },
  );
}

Deno.test(
  "Session.run() hands over more words than fit into one argument here",
  { ignore },
  async () => {
    await using target = await login(container());
    const words = Array.from(
      { length: 4000 },
      (_, index) => `/nix/store/${index} it's ${"x".repeat(60)}`,
    );
    const { stdout } = await target.run(["sh", "-c", `printf '%s\n' "$@"`, "sh", ...words]);
    assertEquals(stdout, words.join("\n") + "\n");
  },
);

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
