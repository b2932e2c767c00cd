import { assert, assertEquals, assertMatch } from "@std/assert";
import { FLAGS } from "../../lib/cli/flags.ts";
import { helpText, referenceTable } from "../../lib/cli/help.ts";
import { OPTION_TABLE, OPTIONS } from "../../lib/plan/option_table.ts";
import type { Option } from "../../lib/plan/option.ts";

const HELP = helpText("1.2.3");

Deno.test("helpText() fits a terminal of 80 columns and is plain text", () => {
  for (const line of HELP.split("\n")) {
    assert(line.length <= 80, `${line.length} columns: ${line}`);
    assertEquals(line, line.trimEnd());
    assertMatch(line, /^[\x20-\x7e]*$/);
  }
});

Deno.test("helpText() holds each declared option exactly once", () => {
  const lines = HELP.split("\n").filter((line) => /^ {2}-/.test(line));
  assertEquals(lines.length, FLAGS.length);
  for (const { name, short, values } of FLAGS) {
    const usage = [`  ${short ? `${short}, ` : ""}${name}`, ...values].join(" ");
    assertEquals(lines.filter((line) => line === usage).length, 1, usage);
  }
});

Deno.test("helpText() names the version, every heading, default and exit code", () => {
  assertMatch(HELP, /^nixos-anywhere 1\.2\.3:/);
  for (const heading of Object.keys(OPTION_TABLE)) {
    assertEquals(HELP.split(`\n${heading}:\n`).length, 2, heading);
  }
  const flat = HELP.replaceAll(/\s+/g, " ");
  for (
    const { defaultText, help, variables = [] } of Object.values<Option<unknown>>(OPTIONS as never)
  ) {
    assert(flat.includes(help), help);
    if (defaultText) assert(flat.includes(`${help} (default: ${defaultText})`), defaultText);
    if (variables[0]) assert(flat.includes(` ${variables[0]}: ${help}`), variables[0]);
  }
  for (const text of ["kexec,disko,install,reboot", "22", "auto", "disko"]) {
    assert(flat.includes(` (default: ${text})`), text);
  }
  for (const code of ["0 done", "2 wrong", "3 the target", "4 the", "130"]) {
    assert(flat.includes(code), code);
  }
  for (const name of ["SSH_PRIVATE_KEY", "SSHPASS", "NIXOS_NO_CHECK", "TMPDIR", "NO_COLOR"]) {
    assert(flat.includes(name), name);
  }
});

Deno.test("helpText() marks deprecated options and names their successors", () => {
  const flat = HELP.replaceAll(/\s+/g, " ");
  const old = FLAGS.filter(({ deprecated }) => deprecated).map(({ name }) => name);
  assertEquals(old, ["--stop-after-disko", "--no-reboot", "--build-on-remote", "--tty"]);
  for (const { name, deprecated, meaning } of FLAGS) {
    if (!deprecated) continue;
    assert(flat.includes(` ${name} ${meaning}`), name);
    assert(meaning === "deprecated: does nothing" || meaning.endsWith(deprecated), meaning);
  }
});

Deno.test("referenceTable() holds each declared option exactly once, in valid rows", () => {
  const rows = referenceTable().split("\n").filter((line) => line.startsWith("| `"));
  assertEquals(rows.length, FLAGS.length);
  for (const row of rows) {
    assertEquals(row.replaceAll("\\|", "").split("|").length, 4, row);
  }
  for (const { name } of FLAGS) {
    const named = rows.filter((row) => new RegExp(`^\\| \`(-., )?${name}[ \`]`).test(row));
    assertEquals(named.length, 1, name);
  }
});

Deno.test("FLAGS uses no name and no letter twice", () => {
  const flags = FLAGS.flatMap(({ name, short }) => short ? [name, short] : [name]);
  assertEquals(new Set(flags).size, flags.length);
  for (const { name, short = "-x" } of FLAGS) {
    assertMatch(name, /^--[a-z]+(-[a-z0-9]+)*$/);
    assertMatch(short, /^-[a-zA-Z]$/);
  }
  for (const { help } of Object.values(OPTIONS)) assert(!/[^.]\.$/.test(help), help);
});
