import { assertEquals } from "@std/assert";
import { findQuestions } from "../../lib/plan/disko_questions.ts";

const kinds = (script: string) => findQuestions(script).map(({ kind }) => kind);

const ASKS: readonly [kind: string, code: string][] = [
  ["passphrase", "IFS= read -r -s password"],
  ["passphrase", `  promptSecret() { echo -n "$1"; IFS= read -rs "$2"; }`],
  ["passphrase", `read -rsp "Passphrase: " pw`],
  ["passphrase", `if ! read -s pw; then exit 1; fi`],
  ["passphrase", "stty -echo; read -r pw; stty echo"],
  ["passphrase", `cryptsetup -q luksFormat "/dev/sda1" \\\n  --type luks2 \\\n`],
  ["passphrase", "cryptsetup open /dev/sda1 crypted"],
  ["passphrase", "cryptsetup luksFormat --key-file - /dev/sda1"],
  ["passphrase", `zfs create -up "z/root" \\\n -o keyformat='passphrase' -o keylocation=prompt`],
  ["passphrase", "zpool create -f z -O encryption=on -O keyformat=passphrase /dev/sda"],
  ["passphrase", "bcachefs format --encrypted /dev/sda"],
  ["elsewhere", "pw=$(systemd-ask-password 'Disk:')"],
  ["elsewhere", "read -rs pw </dev/tty"],
  ["other", `read -rp "Type 'yes' to continue: " confirmation`],
];
for (const [kind, code] of ASKS) {
  Deno.test(`findQuestions() finds ${kind}: ${JSON.stringify(code)}`, () => {
    assertEquals(kinds(`#!/bin/bash\nset -e\n${code}\n`), [kind]);
  });
}

const QUIET: readonly string[] = [
  "# read -s password",
  "while IFS= read -r line; do echo; done <list",
  `IFS=' ' read -r -a devices <<< "$devs"`,
  "IFS= read -r -s password </tmp/key",
  "printf x | read -rs pw",
  `cryptsetup -q luksFormat "/dev/sda1"  --key-file <(set +x; echo -n "$password"; set -x) \\\n \\\n`,
  "cryptsetup luksFormat /dev/sda1 --key-file /tmp/disk.key",
  "cryptsetup open /dev/sda1 x --key-file=/tmp/disk.key",
  "echo -n x | cryptsetup luksFormat /dev/sda1 -",
  "cryptsetup isLuks /dev/sda1 || cryptsetup status x",
  "zfs set keylocation=prompt z/root",
  "zfs create z/root -o keyformat=passphrase -o keylocation=file:///tmp/key",
  'bcachefs format --encrypted < "/tmp/key"',
  "spread -s x; echo thread -s",
];
for (const code of QUIET) {
  Deno.test(`findQuestions() finds nothing in ${JSON.stringify(code)}`, () => {
    assertEquals(findQuestions(`#!/bin/bash\n${code}\n`), []);
  });
}

Deno.test("findQuestions() shows a command on one line, and ZFS' shortest passphrase", () => {
  const [one] = findQuestions("  zfs  create \\\n  z\x1b[2J -o keylocation=prompt");
  const code = "zfs create z\\x1b[2J -o keylocation=prompt";
  assertEquals(one, { kind: "passphrase", code, atLeast: 8 });
});
