import { assertEquals } from "@std/assert";
import { goOnWords } from "../../lib/cli/go_on.ts";
import { parseCommandLine } from "../../lib/cli/argv.ts";

const LEFT = ["install", "reboot"] as const;
const left = ["--phases", "install,reboot"];

const cases: readonly [words: readonly string[], goOn: readonly string[]][] = [
  [["-f", ".#web", "web"], [...left, "-f", ".#web", "web"]],
  [["--phases", "disko,install,reboot", "-f", ".#w", "web"], [...left, "-f", ".#w", "web"]],
  [["web", "--phases=kexec,disko,install", "-f", ".#w"], [...left, "web", "-f", ".#w"]],
  [["--no-reboot", "-f", ".#w", "web"], [...left, "-f", ".#w", "web"]],
  [["--stop-after-disko", "web"], [...left, "web"]],
  [["--option", "x", "--no-y", "web"], [...left, "--option", "x", "--no-y", "web"]],
  [["--kexec-extra-flags=--phases", "web"], [...left, "--kexec-extra-flags=--phases", "web"]],
  [["-f", ".#w", "--", "--phases"], [...left, "-f", ".#w", "--", "--phases"]],
  [["--env-password", "web"], [...left, "--env-password", "web"]],
];
for (const [words, goOn] of cases) {
  Deno.test(`goOnWords() of ${words.join(" ")}`, () => {
    assertEquals(goOnWords(words, LEFT), goOn);
    assertEquals(parseCommandLine(goOn).options.phases, LEFT);
    assertEquals(goOnWords(words, undefined), words);
  });
}

const secrets: readonly [words: readonly string[], shown: readonly string[]][] = [
  [["--option", "access-tokens", "github.com=SECRET"], ["--option", "access-tokens", "…"]],
  [["--option", "netrc-file", "/etc/netrc"], ["--option", "netrc-file", "/etc/netrc"]],
  [["--option", "cores", "4", "token"], ["--option", "cores", "4", "token"]],
  [["--kexec", "https://u:SECRET@h/a.tar"], ["--kexec", "https://…@h/a.tar"]],
  [["--kexec=https://SECRET@h/a.tar?x=1"], ["--kexec=https://…@h/a.tar?x=1"]],
  [["-f", "git+https://h/r?access_token=SECRET&ref=x#w"], [
    "-f",
    "git+https://h/r?access_token=…&ref=x#w",
  ]],
  [["--from", "s3://b?aws-access-key=SECRET"], ["--from", "s3://b?aws-access-key=…"]],
  [["-f", "git+ssh://git@h/r#w", "ssh://root@web:22"], [
    ...["-f", "git+ssh://git@h/r#w", "ssh://root@web:22"],
  ]],
];
for (const [words, shown] of secrets) {
  Deno.test(`goOnWords() shows ${shown.join(" ")}`, () => {
    assertEquals(goOnWords(words, undefined), shown);
  });
}
