import { assert, assertEquals, assertMatch } from "@std/assert";
import { ROOT } from "../checks/sources.ts";
import { missing } from "../setup.ts";
import { FLAGS, flagsOf } from "../../lib/cli/flags.ts";
import type { OptionTable } from "../../lib/plan/option_table.ts";
import { UPDATE_TABLE } from "../../lib/plan/update_options.ts";
import { type Shell, SHELLS } from "../../lib/cli/completion_parts.ts";
import { Sandbox } from "../support/install/sandbox.ts";

const lacking = await missing([...SHELLS, "nix"]);

/** What is offered behind the command's name; `machines` is a folder with a flake, `broken` is none. */
const CASES: readonly (readonly [line: string, offered: readonly string[]])[] = [
  ["--fl", ["--flake"]],
  ["--update-", ["--update-known-hosts"]],
  ["--no-reb", []],
  ["we", ["web", "web2"]],
  ["root@i", ["root@included"]],
  ["known", ["known1"]],
  ["--target-host in", ["included"]],
  ["--flake ./machines#w", ["./machines#web", "./machines#worker"]],
  ["--flake=./machines#", ["./machines#my.host", "./machines#web", "./machines#worker"]],
  ["-f ./broken#", []],
  ["--flake ma", ["machines/"]],
  ["--phases k", ["kexec"]],
  ["--phases kexec,d", ["kexec,disko"]],
  ["--disko-mode ", ["disko", "format", "mount"]],
  ["--build-on=l", ["local"]],
  ["--host-key s", ["strict"]],
  ["--timeout cop", ["copy="]],
  ["--generate-hardware-config nixos-f", ["nixos-facter"]],
  ["--generate-hardware-config nixos-facter fi", ["file1"]],
  ["-s file1 fi", ["file1"]],
  ["-s file1 file1 web2", ["web2"]],
  ["--chown /etc we", []],
  ["--dry-run --option cores 4 we", ["web", "web2"]],
  ["comple", ["completions"]],
  ["update --action b", ["boot"]],
  ["update --phase", []],
  ["--action", []],
  ["update -s file1 we", ["web", "web2"]],
  ["update --flake ./machines#we", ["./machines#web"]],
  ["completions z", ["zsh"]],
];

const FLAKE = `{ outputs = _: { nixosConfigurations = {
  web = { }; worker = { }; "my.host" = { };
  "$(touch pwned)" = { }; "w\`touch pwned\`" = { }; "w x" = { }; "w;touch pwned" = { };
}; }; }`;
const CONFIG = `Include conf.d/*.conf
Host web web2 *.example !no w$(touch\${IFS}pwned) "w;touch pwned" -oProxyCommand=x
  HostName 192.0.2.1 # Host commented
`;
const KNOWN = `known1,192.0.2.7 ssh-ed25519 AAAA
|1|aaaa|bbbb ssh-ed25519 AAAA
@revoked knownbad ssh-ed25519 AAAA
known*.example ssh-ed25519 AAAA
`;

/** A user with a command, an ssh configuration, a flake, and the scripts of the shells. */
async function prepare(sandbox: Sandbox): Promise<Record<string, string>> {
  const { folder } = sandbox;
  const files: Record<string, string> = {
    "bin/nixos-anywhere": `#!/bin/sh\nexec '${Deno.execPath()}' run -A --no-check '${
      decodeURIComponent(new URL("cli.ts", ROOT).pathname)
    }' "$@"\n`,
    "home/.ssh/config": CONFIG,
    "home/.ssh/conf.d/a.conf": "Host included\nInclude config\n",
    "home/.ssh/known_hosts": KNOWN,
    "run/machines/flake.nix": FLAKE,
    "run/broken": "",
    "run/file1": "",
  };
  for (const [name, text] of Object.entries(files)) {
    const path = `${folder}/${name}`;
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    await Deno.writeTextFile(path, text, { mode: 0o755 });
  }
  const env = { ...sandbox.env, PATH: `${folder}/bin:${Deno.env.get("PATH")}`, TERM: "dumb" };
  return { ...env, JSR_URL: Deno.env.get("JSR_URL") ?? "" };
}

/** Programs that print a line for each case: what is offered, with tabs between. */
const DRIVERS: Readonly<Record<Shell, (script: string) => readonly string[]>> = {
  // Words are split as readline does it.
  bash: (script) => [
    "bash",
    "--norc",
    "-c",
    `source ${script}
    while IFS= read -r line; do
      COMP_WORDS=(nixos-anywhere); COMPREPLY=(); word=
      for ((at = 0; at < \${#line}; at++)); do
        char=\${line:at:1}
        case $char in
          " ") [[ -n $word ]] && COMP_WORDS+=("$word"); word= ;;
          [:=]) [[ -n $word ]] && COMP_WORDS+=("$word"); COMP_WORDS+=("$char"); word= ;;
          *) word+=$char ;;
        esac
      done
      [[ -n $word || $line == *" " ]] && COMP_WORDS+=("$word")
      COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)) IFS=$' \\t\\n'
      _nixos_anywhere
      (IFS=$'\\t'; printf '%s\\n' "\${COMPREPLY[*]}")
    done`,
  ],
  fish: (script) => [
    "fish",
    "--no-config",
    "-c",
    `source ${script}
    while read -l line
      set -l all (complete -C "nixos-anywhere $line" | string replace -r '\\t.*' '')
      echo (string join -- \\t $all)
    end
    true`,
  ],
  // A zsh of its own on a terminal, in which TAB hands on what is offered.
  zsh: (script) => [
    "zsh",
    "-f",
    "-c",
    `zmodload zsh/zpty
    zpty z zsh -f -i
    zpty -w z 'autoload -U compinit; compinit -u -D; source ${script}; unsetopt beep zle_bracketed_paste'
    zpty -w z 'offer() { compadd() { local -a offered__; builtin compadd -A offered__ "$@"; print -r -- \${(pj:\\t:)offered__} >>$TMPDIR/offered; builtin compadd "$@" }; _main_complete; unfunction compadd; print end >>$TMPDIR/offered }; zle -C offer complete-word offer; bindkey "^I" offer; print ready >$TMPDIR/ready'
    wait-for() { repeat 600 { [[ -e $1 ]] && grep -qx -- "$2" $1 && return; sleep 0.1; zpty -r -t z >/dev/null }; print "no $2"; exit 1 }
    wait-for $TMPDIR/ready ready
    while IFS= read -r line; do
      rm -f $TMPDIR/offered
      zpty -w -n z "nixos-anywhere $line"$'\\t'
      wait-for $TMPDIR/offered end
      print -r -- \${(pj:\\t:)\${(f)"$(grep -vx end $TMPDIR/offered)"}}
      zpty -w -n z $'\\x15'
    done
    zpty -d z
    rm -f $TMPDIR/offered $TMPDIR/ready`,
  ],
};

for (const shell of SHELLS) {
  Deno.test(`${shell} completes options, their values, hosts and configurations`, {
    ignore: lacking.length > 0,
  }, async () => {
    await using sandbox = await Sandbox.make();
    const { folder } = sandbox;
    const env = await prepare(sandbox);
    const run = async ([program = "", ...args]: readonly string[], input = "") => {
      const child = new Deno.Command("timeout", {
        args: ["--kill-after=5", "240", program, ...args],
        ...{ cwd: `${folder}/run`, env, stdin: "piped", stdout: "piped", stderr: "piped" },
      }).spawn();
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode(input)).catch(() => {});
      await writer.close().catch(() => {});
      const { code, stdout, stderr } = await child.output();
      const decoder = new TextDecoder();
      return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
    };
    const script = `${folder}/completion`;
    const printed = await run([`${folder}/bin/nixos-anywhere`, "completions", shell]);
    assertEquals([printed.code, printed.stderr], [0, ""]);
    await Deno.writeTextFile(script, printed.stdout);
    const input = CASES.map(([line]) => `${line}\n`).join("");
    const wanted = CASES.map(([line, words]) => [line, shell === "zsh" ? words.map(inZsh) : words]);
    let offered: unknown[] = [];
    // A name that is not there within three seconds is not offered: a busy machine may take longer.
    for (let left = 3; left > 0 && JSON.stringify(offered) !== JSON.stringify(wanted); left--) {
      const { code, stdout, stderr } = await run(DRIVERS[shell](script), input);
      assertEquals([code, stderr], [0, ""], stdout);
      offered = stdout.split("\n").slice(0, -1)
        .map((line, at) => [CASES[at]?.[0] ?? "", normal(line)]);
    }
    assertEquals(offered, wanted);
    const names = Array.from(Deno.readDirSync(`${folder}/run`), ({ name }) => name).sort();
    assertEquals(names, ["broken", "file1", "machines"]);
    assertEquals(
      await Array.fromAsync(Deno.readDir(`${folder}/run/machines`), ({ name }) => name),
      [
        "flake.nix",
      ],
    );
  });
}

/** Words as they are on the command line: the shells differ in what they offer of one. */
function normal(line: string): string[] {
  const words = line.split("\t").filter((word) => word !== "")
    .map((word) => word.replace(/^--[\w-]+=/, "").replaceAll("\\", ""));
  // A folder is one with a slash.
  const whole = words.map((word) => word === "machines" ? "machines/" : word);
  // zsh may offer one in two ways.
  return [...new Set(whole)].sort();
}

/** zsh offers the end of a list alone. */
function inZsh(word: string): string {
  return word.replace(/^kexec,/, "");
}

Deno.test("every value of an option is completed, or is known to be free", () => {
  const free = [
    ...["ssh-port PORT", "post-kexec-ssh-port PORT", "ssh-option KEY=VALUE", "kexec-sha256 HEX"],
    ...["kexec-extra-flags FLAGS", "disk-encryption-keys REMOTE", "from STORE-URI"],
    ...["ssh-store-setting NAME", "ssh-store-setting VALUE", "option NAME", "option VALUE"],
    ...["chown PATH", "chown OWNER"],
  ];
  const update = Object.values<OptionTable[string]>(UPDATE_TABLE).flatMap(flagsOf);
  const found = [...FLAGS, ...update].flatMap(({ name, values, completes }) => {
    assertEquals(completes.length, values.length, name);
    return values.filter((_, at) => completes[at]?.length === 0).map((value) => `${name} ${value}`);
  });
  assertEquals([...new Set(found)].sort(), free.map((one) => `--${one}`).sort());
});

Deno.test("completions wants one shell that it knows", async () => {
  await using sandbox = await Sandbox.make();
  const cases: readonly [words: readonly string[], error: RegExp][] = [
    [[], /^error: completions: no shell is named\nhint: .*bash, zsh, fish\n$/],
    [["fihs"], /^error: completions: there are none for "fihs"\nhint: did you mean fish\? .*\n$/],
    [["bash", "zsh"], /^error: completions: one shell is enough: .*\nhint: .*\n$/],
  ];
  for (const [words, error] of cases) {
    const { code, stdout, stderr } = await sandbox.start(["completions", ...words]).end;
    assertEquals([code, stdout], [2, ""]);
    assertMatch(stderr, error);
  }
  const near = await sandbox.start(["completion", "bash"]).end;
  assertMatch(near.stderr, /^hint: did you mean the command completions\? Else: name one/m);
  assertEquals(near.code, 2);
  const { code, stdout } = await sandbox.start(["completions", "--help"]).end;
  assert(code === 0 && stdout.includes("completions fish | source"));
});
