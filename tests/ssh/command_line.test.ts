import { assertEquals, assertLess, assertMatch } from "@std/assert";
import { commandLine, execLine, shownWords } from "../../lib/ssh/command_line.ts";
import { Mark, MarkFinder } from "../../lib/ssh/mark.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (part: Uint8Array | undefined) => part && new TextDecoder().decode(part);

Deno.test("MarkFinder finds a mark in whatever pieces it comes", () => {
  const mark = new Mark();
  const all = `\x1b]0;box\x07welcome ${mark.text}answer\n`;
  for (let size = 1; size < all.length; size++) {
    const finder = new MarkFinder(mark.text);
    let rest = "";
    let found = false;
    for (let at = 0; at < all.length; at += size) {
      const piece = bytes(all.slice(at, at + size));
      const behind: Uint8Array | undefined = found ? piece : finder.take(piece);
      found ||= behind !== undefined;
      rest += text(behind) ?? "";
    }
    assertEquals([rest, text(finder.before)], ["answer\n", "\x1b]0;box\x07welcome "]);
  }
});

Deno.test("MarkFinder keeps little of what is not the mark", () => {
  const finder = new MarkFinder(new Mark().text);
  for (let time = 0; time < 100; time++) {
    assertEquals(finder.take(bytes("x".repeat(65536))), undefined);
  }
  assertLess(finder.before.length, 5000);
});

Deno.test("commandLine() does not hold the mark that it prints", async () => {
  const mark = new Mark();
  const line = commandLine(mark, "exec echo it\\'s");
  assertEquals(line.includes(mark.text.trim()), false);
  const { stdout, stderr } = await new Deno.Command("sh", { args: ["-c", line] }).output();
  assertEquals([text(stdout), text(stderr)], [`${mark.text}it's\n`, mark.text]);
});

Deno.test("execLine() undoes what start-up files do to what comes behind them", async () => {
  const mark = new Mark();
  const line = execLine(mark, ["sh", "-c", "umask; echo ${TMOUT-none} ${CDPATH-none}"]);
  const code = `umask 077; TMOUT=1 CDPATH=/; export TMOUT CDPATH\n${line}`;
  for (const shell of ["sh", "bash", "fish"]) {
    const given = shell === "fish" ? `umask 077; set -x TMOUT 1; set -x CDPATH /; ${line}` : code;
    const { stdout } = await new Deno.Command(shell, { args: ["-c", given] }).output();
    assertMatch(text(stdout) ?? "", /\n0022\nnone none\n$/, shell);
  }
});

Deno.test("shownWords() leaves out scripts, and what gives sudo its password", () => {
  const script = "set -eu\nrm -rf x\n";
  assertEquals(shownWords(["sh", "-euc", script, "disko", "/nix/x"]), [
    "sh",
    "-euc",
    "disko",
    "/nix/x",
  ]);
  assertEquals(shownWords(["sh", "-c", "exit 3"]), ["sh", "-c", "exit 3"]);
  assertEquals(
    shownWords([
      "env",
      "SUDO_ASKPASS=/home/me/x",
      "sudo",
      "-A",
      "--",
      "sh",
      "-c",
      script,
      "unpack",
    ]),
    ["sudo", "-A", "--", "sh", "-c", "unpack"],
  );
  assertEquals(shownWords(["sh", "/home/me/.x/sudo", "quiet", "rm", "-rf"]), ["sudo", "rm", "-rf"]);
});
