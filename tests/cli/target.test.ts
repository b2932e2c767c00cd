import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  type Container,
  type ContainerOptions,
  makeKey,
  noContainers,
  PASSWORD,
  startContainer,
  startMachine,
  writeKexec,
} from "../support/loopback/mod.ts";
import type { ErrorEvent } from "../../lib/report/error_event.ts";
import type { ReportEvent } from "../../mod.ts";
import { validEvents } from "../support/events.ts";
import { COMMAND, exists, Sandbox } from "./command.ts";

const ignore = await noContainers() !== undefined;

/** Words that lead to a container as `user`, with a known_hosts file of its own. */
async function to(
  container: Container,
  sandbox: Sandbox,
  user = "root",
  known = "",
): Promise<string[]> {
  const file = await sandbox.file("known_hosts", known);
  const option = ["--ssh-option", `UserKnownHostsFile=${file}`];
  return [...option, "-p", String(container.port), `${user}@${container.host}`];
}

function onContainer(
  title: string,
  options: ContainerOptions,
  work: (container: Container, sandbox: Sandbox) => Promise<void>,
) {
  Deno.test(title, { ignore }, async () => {
    await using container = await startContainer(options);
    await using sandbox = await Sandbox.make();
    await work(container, sandbox);
    assertEquals(await sandbox.left(), []);
  });
}

onContainer("the command ends with 3 where there is no setsid, and changes nothing", {
  without: ["setsid"],
}, async (container, sandbox) => {
  const words = [
    "--phases",
    "kexec",
    "-i",
    container.identityFile,
    ...await to(container, sandbox),
  ];
  const { code, stdout, stderr } = await sandbox.run(words);
  assertMatch(stderr, /^error: root@127\.0\.0\.1: no setsid --wait command found, but required/m);
  assertMatch(stderr, /^hint: install util-linux/m);
  assertMatch(stderr, /^state: nothing was changed on the target$/m);
  assertEquals([code, stdout, await container.commands()], [3, "", []]);
  assertEquals((await container.run("ls /root")).stdout, "");
});

onContainer(
  "the command ends with 4 at another host key, before any login",
  {},
  async (container, sandbox) => {
    const other = `[${container.host}]:${container.port} ${(await makeKey()).publicKey}\n`;
    const words = ["--phases", "kexec", "-i", container.identityFile];
    const { code, stderr } = await sandbox.run([
      ...words,
      ...await to(container, sandbox, "root", other),
    ]);
    assertStringIncludes(
      stderr,
      `its host key ${await container.fingerprint()} is not the one known`,
    );
    assertEquals([code, await container.logins()], [4, []]);
  },
);

onContainer(
  "--debug shows commands, and neither password nor key",
  {},
  async (container, sandbox) => {
    const words = ["--debug", "--phases", "reboot"];
    const [, secret = ""] = container.identity.privateKey.split("\n");
    const key = await sandbox.run([...words, ...await to(container, sandbox)], {
      SSH_PRIVATE_KEY: container.identity.privateKey,
    });
    const password = await sandbox.run(
      [...words, "--env-password", ...await to(container, sandbox, "pwuser")],
      { SSHPASS: PASSWORD },
    );
    assertEquals([key.code, password.code], [3, 3]);
    assertEquals(await container.logins(), ["root publickey", "pwuser password"]);
    for (const { stdout, stderr } of [key, password]) {
      assertMatch(stderr, /^here\$ ssh /m);
      for (const text of [stdout, stderr]) {
        assert(!text.includes(PASSWORD) && !text.includes(secret));
      }
    }
  },
);

onContainer("--json prints an event a line and nothing else", {}, async (container, sandbox) => {
  const words = ["--json", "--debug", "--phases", "reboot", "-i", container.identityFile];
  const { code, stdout, stderr } = await sandbox.run([...words, ...await to(container, sandbox)]);
  const events = await validEvents(stdout);
  const connected = events.flatMap((event) =>
    event.type === "stage" && event.stage === "connect" ? [event.state] : []
  );
  assertEquals(connected, ["start", "done"]);
  const host = `root@${container.host}`;
  const fingerprint = await container.fingerprint();
  for (const event of events) {
    assertEquals([new Date(event.time).toISOString(), event.host], [event.time, host]);
  }
  const { time: _, ...key } = events.find(({ type }) => type === "host-key")!;
  assertEquals(key, { type: "host-key", host, fingerprint, trust: "new" });
  assertMatch(stderr, /^error: .*\nhint: .*\nstate: .*\n$/);
  const end = events.at(-1) as ErrorEvent;
  assertEquals([end.code, end.exitCode, end.name], ["preflight", code, "PreflightError"]);
  assertEquals([end.state, `error: ${end.message}`], ["untouched", stderr.split("\n")[0]]);
  assertEquals(end.goOn?.slice(0, 4), ["--json", "--debug", "--phases", "reboot"]);
  assertEquals(code, 3);
  // What is for whoever looks for a mistake is left out without --debug.
  const plain = await sandbox.run([
    ...words.filter((word) => word !== "--debug"),
    ...await to(container, sandbox),
  ]);
  const isDebug = (event: ReportEvent) =>
    event.type === "command" || event.type === "log" && event.level === "debug";
  assertEquals([events.some(isDebug), (await validEvents(plain.stdout)).some(isDebug)], [
    true,
    false,
  ]);
});

onContainer("control characters of the target do not reach the terminal", {
  osRelease: 'PRETTY_NAME="De\x1b]0;title\x07bian \u202e"\nID=debian\n',
  files: { "/etc/banner": "wel\x1b[2Jcome\r\n" },
  sshdConfig: ["Banner /etc/banner"],
}, async (container, sandbox) => {
  const words = ["--debug", "--phases", "reboot", "-i", container.identityFile];
  const { code, stdout, stderr } = await sandbox.run([...words, ...await to(container, sandbox)]);
  assertStringIncludes(stderr, "De\\x1b]0;title\\x07bian \\u202e");
  assertMatch(stderr, /wel\\\S*\[2Jcome/);
  // deno-lint-ignore no-control-regex
  assert(!/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/.test(stderr + stdout), JSON.stringify(stderr));
  assertEquals(code, 3);
});

Deno.test("the command ends with 0 and says what it did", { ignore }, async () => {
  await using machine = await startMachine({}, { installer: true });
  await using sandbox = await Sandbox.make();
  const image = await writeKexec(`${sandbox.folder}/image.tar.gz`);
  const { code, stdout, stderr } = await sandbox.run([
    ...["--phases", "kexec", "--kexec", image, "--post-kexec-ssh-port", String(machine.port)],
    ...["-i", machine.identityFile, ...await to(machine.container, sandbox)],
  ]);
  assertEquals([code, stdout], [0, "root@127.0.0.1: done with kexec\n"], stderr);
  assertMatch(stderr, /^### Booting the installer: done \(\d+\.\d s\)$/m);
  assertEquals(await machine.logins(), ["0 root publickey", "1 root publickey"]);
  assertEquals(await sandbox.left(), []);
});

onContainer(
  "--dry-run ends with 0, shows the plan and changes nothing",
  {},
  async (container, sandbox) => {
    const image = await writeKexec(`${sandbox.folder}/image.tar.gz`);
    const words = [
      "--dry-run",
      "--phases",
      "kexec",
      "--kexec",
      image,
      "-i",
      container.identityFile,
    ];
    const { code, stdout, stderr } = await sandbox.run([...words, ...await to(container, sandbox)]);
    assertEquals([code, stdout], [0, "root@127.0.0.1: nothing was changed\n"], stderr);
    assertMatch(stderr, /^target: root@127\.0\.0\.1, Debian/m);
    assertMatch(stderr, /^phases: kexec$/m);
    assertEquals([await container.commands(), (await container.run("ls /root")).stdout], [[], ""]);
  },
);

onContainer(
  "sudo's password comes from SUDO_PASSWORD, and is not shown",
  {},
  async (container, sandbox) => {
    const words = ["--debug", "--dry-run", "--phases", "kexec", "--kexec"];
    const image = await writeKexec(`${sandbox.folder}/image.tar.gz`);
    const login = await to(container, sandbox, "pwuser");
    const run = (env: Record<string, string>) =>
      sandbox.run([...words, image, "--env-password", ...login], { SSHPASS: PASSWORD, ...env });
    const right = await run({ SUDO_PASSWORD: PASSWORD });
    assertEquals(right.code, 0, right.stderr);
    assert(!right.stderr.includes(PASSWORD));
    const wrong = await run({ SUDO_PASSWORD: "close sesame" });
    assertMatch(
      wrong.stderr,
      /^error: pwuser@127\.0\.0\.1: sudo does not take the password: .*incorrect/m,
    );
    assertEquals([wrong.code, wrong.stderr.includes("close sesame")], [1, false]);
  },
);

onContainer("a full TMPDIR is told in one line", {}, async (container, sandbox) => {
  const full =
    'mount -t tmpfs -o size=16k tmpfs "$TMPDIR"; head -c 1M /dev/zero >"$TMPDIR/all"; exec "$@"';
  const words = [
    ...COMMAND,
    "--phases",
    "kexec",
    "-i",
    container.identityFile,
    ...await to(container, sandbox),
  ];
  const { code, stderr } = await new Deno.Command("unshare", {
    args: ["-m", "sh", "-c", full, "full", ...words],
    env: { NO_COLOR: "1", TMPDIR: sandbox.temp },
    stdin: "null",
  }).output();
  const said = new TextDecoder().decode(stderr);
  assertMatch(said, /^error: No space left on device .*\nhint: .*TMPDIR.*\nstate: nothing was/m);
  assertEquals([code, said.includes("    at ")], [1, false], said);
});

/** The command on a terminal of its own, which `script` makes, and what happens when it has asked. */
async function onTerminal(
  container: Container,
  sandbox: Sandbox,
  asked: (type: Type) => Promise<void>,
) {
  const image = await writeKexec(`${sandbox.folder}/image.tar.gz`);
  const words = ["--phases", "kexec", "--kexec", image, "-i", container.identityFile];
  const line = [...COMMAND, ...words, ...await to(container, sandbox)].map((word) => `'${word}'`)
    .join(" ");
  const child = new Deno.Command("script", {
    args: ["-qec", line, "/dev/null"],
    env: { NO_COLOR: "1", XDG_STATE_HOME: `${sandbox.folder}/state`, TMPDIR: sandbox.temp },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const writer = child.stdin.getWriter();
  const timer = setTimeout(() => child.kill("SIGKILL"), 60_000);
  let said = "";
  for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
    const before = said.includes("to go on:");
    said += part;
    if (!before && said.includes("to go on:")) {
      await asked((text) => writer.write(new TextEncoder().encode(text)));
    }
  }
  clearTimeout(timer);
  await writer.close().catch(() => {});
  return { code: (await child.status).code, said };
}

type Type = (text: string) => Promise<void>;

/** Sends SIGTERM to the command that was started in a place. */
async function terminate(sandbox: Sandbox): Promise<void> {
  const { stdout } = await new Deno.Command("ps", { args: ["-ewwo", "pid=,args="] }).output();
  const lines = new TextDecoder().decode(stdout).split("\n").map((line) => line.trim());
  const [line = ""] = lines.filter((one) =>
    one.split(/\s+/)[1] === COMMAND[0] && one.includes(sandbox.folder)
  );
  Deno.kill(Number(line.split(" ")[0]), "SIGTERM");
}

const ends: Readonly<Record<string, (type: Type, sandbox: Sandbox) => Promise<void>>> = {
  "another name": (type) => type("127.0.0.2\n"),
  "Ctrl-C": (type) => type("\x03"),
  "SIGTERM": (_, sandbox) => terminate(sandbox),
};
for (const [title, end] of Object.entries(ends)) {
  onContainer(
    `on a terminal the command asks, and ${title} ends it with 130`,
    {},
    async (container, sandbox) => {
      const { code, said } = await onTerminal(container, sandbox, (type) => end(type, sandbox));
      assertStringIncludes(said, "Type 127.0.0.1 to go on:");
      assertMatch(
        said,
        /error: (root@127\.0\.0\.1: not confirmed|interrupted by SIG(INT|TERM))\r?$/m,
      );
      assertStringIncludes(said, "state: nothing was changed on the target");
      assertEquals([code, await container.commands()], [130, []]);
      assertEquals(await exists(`${sandbox.folder}/image.tar.gz`), true);
      assertEquals((await container.run("ls /root")).stdout, "");
    },
  );
}
