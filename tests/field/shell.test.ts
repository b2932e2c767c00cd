/** Start-up files of login shells print what they like, with or without a line feed, and end as they like. */
import { assertEquals, assertMatch } from "@std/assert";
import { copyClosure } from "../../mod.ts";
import { type ContainerOptions, startContainer } from "../support/loopback/mod.ts";
import { login } from "../ssh/fixture.ts";
import { attempt, condition, type Options, parts, usual } from "./condition.ts";

/** What start-up files of bash are seen to do. bash reads them for commands over ssh, too. */
const STARTUPS: readonly (readonly [string, ...string[]])[] = [
  [
    "sets the terminal's title, greets with lines like ours, exports a TMOUT of a second, says goodbye",
    "printf '\\033]0;box\\007'",
    "echo welcome; echo to this machine >&2",
    "printf 'fact os Plan9\\nunpacked /etc\\nready\\nboot_id 1\\nfacts end\\n'",
    "readonly TMOUT=1; export TMOUT",
    "trap 'printf bye' EXIT",
  ],
  [
    "greets with bytes of all kinds, has a narrow umask and a CDPATH, goes elsewhere, stops at failures",
    "head -c 300000 /dev/urandom; printf 'fact '",
    "umask 077; export CDPATH=/:/etc",
    "cd /etc; alias sh=false; set -e",
  ],
  ["shows what it runs", "set -xv; echo here"],
];

const bashrc = (...lines: readonly string[]): ContainerOptions => ({
  files: { "/root/.bashrc": `${lines.join("\n")}\n` },
});

for (const [what, ...lines] of STARTUPS) {
  condition("shell", `.bashrc ${what}, on both systems`, async () => {
    const system = bashrc(...lines);
    const both: Options = { target: system, installer: system, installed: system };
    const { code, stderr } = await attempt(both);
    assertEquals(code, 0, stderr);
    assertEquals(/warning: .*/.exec(stderr)?.[0], undefined);
  });
}

const dry = (target: ContainerOptions, user = "root") =>
  attempt({ target }, (fixture) => ["--dry-run", ...usual(fixture, user)]);

for (
  const [shell, file, text] of [
    [
      "/usr/bin/fish",
      "/root/.config/fish/config.fish",
      "echo -n hello; function bye --on-event fish_exit; echo bye; end",
    ],
    ["/bin/csh", "/root/.cshrc", "echo -n hello; set echo"],
  ] as const
) {
  condition("shell", `${shell} with a start-up file that prints`, async () => {
    const users = { root: { shell } };
    const both = { users, files: { [file]: `${text}\n` } };
    const { code, stderr } = await attempt({ target: both, installer: both });
    assertEquals(code, 0, stderr);
  });
}

condition("shell", "the new system's sh is a bash that is told to end its reads", async () => {
  const lazy: ContainerOptions = {
    setup: "echo TMOUT=1 >>/etc/environment\nln -sf bash /bin/sh\n",
  };
  const { code, stderr } = await attempt({ target: lazy, installer: lazy });
  assertEquals(code, 0, stderr);
});

const ENDS: readonly (readonly [string, string, RegExp])[] = [
  ["exits", "echo no commands here; exit 0", /: no commands here\b/],
  ["becomes another shell", "exec cat", /retrieving host facts via ssh failed/],
  [
    "says whom to log in as",
    `echo 'Please login as the user "admin" rather than the user "root".'; echo; exit 142`,
    /Please login as the user "admin" rather than[^]*log in as admin@/,
  ],
  [
    "says that the password has expired",
    "echo 'WARNING: Your password has expired.' >&2\n" +
    "echo 'Password change required but no TTY available.' >&2; exit 1",
    /password has expired[^]*set a new password/i,
  ],
];
for (const [what, text, wanted] of ENDS) {
  condition("shell", `.bashrc ${what}`, async () => {
    const { code, stderr } = await dry(bashrc(text));
    assertEquals(code, 1, stderr);
    assertMatch(stderr, wanted);
  });
}

condition("login", "a forced command that asks to log in as another user", async () => {
  // As the images of clouds have it for root.
  const forced =
    `#!/bin/sh\necho 'Please login as the user "admin" rather than the user "root".'\necho\nsleep 3\nexit 142\n`;
  const { code, stderr } = await dry({
    files: { "/opt/forced": { text: forced, mode: 0o755 } },
    setup: "sed -i 's|^ssh-|command=\"/opt/forced\" ssh-|' /root/.ssh/authorized_keys\n",
  });
  assertEquals(code, 1, stderr);
  assertMatch(stderr, /Please login as the user "admin"[^]*log in as admin@/);
});

condition("login", "a password that has expired", async () => {
  const { code, stderr } = await dry(
    { setup: "chage -d 0 plain\n", sshdConfig: ["UsePAM yes"] },
    "plain",
  );
  assertEquals(code, 1, stderr);
  assertMatch(stderr, /expired|change your password|Password change required/i);
});

condition("shell", "a greeting in front of what nix itself copies", async () => {
  const { system } = await parts();
  await using container = await startContainer(bashrc("echo welcome"));
  await using target = await login(container);
  await target.run(["true"]);
  const storeSettings = [{ name: "max-connections", value: "1" }];
  const error = await copyClosure(target, system, { storeSettings, timeout: 60_000 })
    .then(() => undefined, (error) => error);
  assertMatch(String(error), /nix copy cannot read .* login shell prints "welcome" before every/);
});
