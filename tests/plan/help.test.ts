import { assert, assertEquals, assertMatch } from "@std/assert";
import { DECLARATIONS } from "../../lib/plan/declarations.ts";
import { GROUPS } from "../../lib/plan/declare.ts";
import { helpText, referenceTable } from "../../lib/plan/help.ts";

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
  assertEquals(lines.length, DECLARATIONS.length);
  for (const { name, short, values } of DECLARATIONS) {
    const usage = [`  ${short ? `-${short}, ` : ""}--${name}`, ...values].join(" ");
    assertEquals(lines.filter((line) => line === usage).length, 1, usage);
  }
});

Deno.test("helpText() names the version, every heading, default and exit code", () => {
  assertMatch(HELP, /^nixos-anywhere 1\.2\.3:/);
  for (const group of GROUPS) assertEquals(HELP.split(`\n${group}:\n`).length, 2, group);
  const flat = HELP.replaceAll(/\s+/g, " ");
  for (const { default: standard, help } of DECLARATIONS) {
    assert(flat.includes(help), help);
    if (standard) assert(flat.includes(`(default: ${standard})`), standard);
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
  for (const { name, deprecated, help } of DECLARATIONS) {
    if (deprecated) assert(flat.includes(`--${name} deprecated: ${help}`), name);
  }
});

Deno.test("referenceTable() holds each declared option exactly once, in valid rows", () => {
  const rows = referenceTable().split("\n").filter((line) => line.startsWith("| `"));
  assertEquals(rows.length, DECLARATIONS.length);
  for (const row of rows) {
    assertEquals(row.replaceAll("\\|", "").split("|").length, 4, row);
  }
  for (const { name } of DECLARATIONS) {
    const named = rows.filter((row) => new RegExp(`^\\| \`(-., )?--${name}[ \`]`).test(row));
    assertEquals(named.length, 1, name);
  }
});

Deno.test("DECLARATIONS uses no name and no letter twice", () => {
  const flags = DECLARATIONS.flatMap(({ name, short }) => short ? [name, short] : [name]);
  assertEquals(new Set(flags).size, flags.length);
  for (const { name, short = "x", help } of DECLARATIONS) {
    assertMatch(name, /^[a-z]+(-[a-z0-9]+)*$/);
    assertMatch(short, /^[a-zA-Z]$/);
    assert(!/[^.]\.$/.test(help), help);
  }
});
