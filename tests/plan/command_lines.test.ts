import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { UsageError } from "../../lib/errors.ts";
import { type CommandLine, parseCommandLine, wantsOnly } from "../../lib/cli/argv.ts";
import { FLAGS } from "../../lib/cli/flags.ts";
import { makePlan, type Plan } from "../../lib/plan/plan.ts";
import { ROWS } from "./command_lines.ts";

/** The way of the command itself. */
function read(words: readonly string[]): { line: CommandLine; plan: Plan } {
  const line = parseCommandLine(words);
  return { line, plan: makePlan(line.options) };
}

/** The part of a value that `wanted` speaks of. */
function partOf(value: unknown, wanted: unknown): unknown {
  if (!isRecord(value) || !isRecord(wanted)) return value;
  return Object.fromEntries(
    Object.keys(wanted).map((key) => [key, partOf(value[key], wanted[key])]),
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function show(words: readonly string[]): string {
  return words.map((word) => /^[\w@%+=:,./#-]+$/.test(word) ? word : JSON.stringify(word)).join(
    " ",
  );
}

for (const { words, plan = {}, line = {}, error, hint = /./ } of ROWS) {
  Deno.test(`${error ? "refused" : "planned"}: ${show(words).slice(0, 200)}`, () => {
    if (!error) {
      const got = read(words);
      assertEquals(partOf(got.plan, plan), plan);
      assertEquals(partOf(got.line, line), line);
      return;
    }
    const thrown = assertThrows(() => read(words), UsageError);
    assertMatch(thrown.message, error);
    assertMatch(thrown.hint, hint);
    for (const text of [thrown.message, thrown.hint]) {
      assert(!/\p{Cc}/u.test(text), `not one line: ${JSON.stringify(text)}`);
      assert(!text.endsWith("."), `a period at the end: ${text}`);
    }
  });
}

Deno.test("the table has command lines with every option", () => {
  const words = new Set(ROWS.filter(({ error }) => !error).flatMap(({ words }) => words));
  const flags = new Set([...words].map((word) => word.split("=")[0]));
  for (const { name, short } of FLAGS) {
    if (name === "--help" || name === "--version") continue;
    assert(flags.has(name), `${name} is in no row`);
    assert(short === undefined || flags.has(short), `${short} is in no row`);
  }
});

Deno.test("wantsOnly() finds --help and --version, which are no values", () => {
  const cases: readonly [line: string, wanted: ReturnType<typeof wantsOnly>][] = [
    ["--help", "help"],
    ["-h", "help"],
    ["-f .#web --bad --help web", "help"],
    ["--version", "version"],
    ["--version --help", "help"],
    ["--flake --help", "help"],
    ["--option a --help", "help"],
    ["--kexec-extra-flags -h web", undefined],
    ["--option a -h", undefined],
    ["--option a b -h", "help"],
    ["-- --help", undefined],
    ["web -- -h --version", undefined],
    ["--helpme", undefined],
    ["-f .#web web", undefined],
    ["", undefined],
  ];
  for (const [line, wanted] of cases) assertEquals(wantsOnly(line.split(" ")), wanted, line);
});
