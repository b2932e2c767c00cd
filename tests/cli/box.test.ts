import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  type Box,
  type BoxOptions,
  makeKey,
  noBoxes,
  PASSWORD,
  startBox,
  startMachine,
  writeKexec,
} from "../loopback/mod.ts";
import { COMMAND, exists, Place } from "./command.ts";

const ignore = await noBoxes() !== undefined;

/** Words that lead to a box as `user`, with a known_hosts file of its own. */
async function to(box: Box, place: Place, user = "root", known = ""): Promise<string[]> {
  const file = await place.file("known_hosts", known);
  const option = ["--ssh-option", `UserKnownHostsFile=${file}`];
  return [...option, "-p", String(box.port), `${user}@${box.host}`];
}

function onBox(
  title: string,
  options: BoxOptions,
  work: (box: Box, place: Place) => Promise<void>,
) {
  Deno.test(title, { ignore }, async () => {
    await using box = await startBox(options);
    await using place = await Place.make();
    await work(box, place);
    assertEquals(await place.left(), []);
  });
}

onBox("the command ends with 3 where there is no setsid, and changes nothing", {
  without: ["setsid"],
}, async (box, place) => {
  const words = ["--phases", "kexec", "-i", box.identityFile, ...await to(box, place)];
  const { code, stdout, stderr } = await place.run(words);
  assertMatch(stderr, /^error: root@127\.0\.0\.1: no setsid --wait command found, but required/m);
  assertMatch(stderr, /^hint: install util-linux/m);
  assertMatch(stderr, /^state: nothing was changed on the target$/m);
  assertEquals([code, stdout, await box.commands()], [3, "", []]);
  assertEquals((await box.run("ls /root")).stdout, "");
});

onBox("the command ends with 4 at another host key, before any login", {}, async (box, place) => {
  const other = `[${box.host}]:${box.port} ${(await makeKey()).publicKey}\n`;
  const words = ["--phases", "kexec", "-i", box.identityFile];
  const { code, stderr } = await place.run([...words, ...await to(box, place, "root", other)]);
  assertStringIncludes(stderr, `its host key ${await box.fingerprint()} is not the one known`);
  assertEquals([code, await box.logins()], [4, []]);
});

onBox("--debug shows commands, and neither password nor key", {}, async (box, place) => {
  const words = ["--debug", "--phases", "reboot"];
  const [, secret = ""] = box.identity.privateKey.split("\n");
  const key = await place.run([...words, ...await to(box, place)], {
    SSH_PRIVATE_KEY: box.identity.privateKey,
  });
  const password = await place.run(
    [...words, "--env-password", ...await to(box, place, "pwuser")],
    { SSHPASS: PASSWORD },
  );
  assertEquals([key.code, password.code], [3, 3]);
  assertEquals(await box.logins(), ["root publickey", "pwuser password"]);
  for (const { stdout, stderr } of [key, password]) {
    assertMatch(stderr, /^here\$ ssh /m);
    for (const text of [stdout, stderr]) {
      assert(!text.includes(PASSWORD) && !text.includes(secret));
    }
  }
});

onBox("--json prints an event a line and nothing else", {}, async (box, place) => {
  const words = ["--json", "--debug", "--phases", "reboot", "-i", box.identityFile];
  const { code, stdout, stderr } = await place.run([...words, ...await to(box, place)]);
  const events = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  const types = ["stage", "log", "command", "output", "progress", "state", "host-key"];
  for (const { type } of events) assert(types.includes(type), type);
  const connected = events.filter(({ stage }) => stage === "connect").map(({ state }) => state);
  assertEquals(connected, ["start", "done"]);
  const host = `root@${box.host}`;
  const fingerprint = await box.fingerprint();
  for (const event of events) {
    assertEquals([new Date(event.time).toISOString(), event.host], [event.time, host]);
  }
  const { time: _, ...key } = events.find(({ type }) => type === "host-key");
  assertEquals(key, { type: "host-key", host, fingerprint, trust: "new" });
  assertMatch(stderr, /^error: .*\nhint: .*\nstate: .*\n$/);
  assertEquals(code, 3);
});

onBox("control characters of the target do not reach the terminal", {
  osRelease: 'PRETTY_NAME="De\x1b]0;title\x07bian \u202e"\nID=debian\n',
  files: { "/etc/banner": "wel\x1b[2Jcome\r\n" },
  sshdConfig: ["Banner /etc/banner"],
}, async (box, place) => {
  const words = ["--debug", "--phases", "reboot", "-i", box.identityFile];
  const { code, stdout, stderr } = await place.run([...words, ...await to(box, place)]);
  assertStringIncludes(stderr, "De\\x1b]0;title\\x07bian \\u202e");
  assertMatch(stderr, /wel\\\S*\[2Jcome/);
  // deno-lint-ignore no-control-regex
  assert(!/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/.test(stderr + stdout), JSON.stringify(stderr));
  assertEquals(code, 3);
});

Deno.test("the command ends with 0 and says what it did", { ignore }, async () => {
  await using machine = await startMachine({}, { installer: true });
  await using place = await Place.make();
  const image = await writeKexec(`${place.folder}/image.tar.gz`);
  const { code, stdout, stderr } = await place.run([
    ...["--phases", "kexec", "--kexec", image, "--post-kexec-ssh-port", String(machine.port)],
    ...["-i", machine.identityFile, ...await to(machine.box, place)],
  ]);
  assertEquals([code, stdout], [0, "root@127.0.0.1: done with kexec\n"], stderr);
  assertMatch(stderr, /^### Booting the installer: done \(\d+\.\d s\)$/m);
  assertEquals(await machine.logins(), ["0 root publickey", "1 root publickey"]);
  assertEquals(await place.left(), []);
});

onBox("--dry-run ends with 0, shows the plan and changes nothing", {}, async (box, place) => {
  const image = await writeKexec(`${place.folder}/image.tar.gz`);
  const words = ["--dry-run", "--phases", "kexec", "--kexec", image, "-i", box.identityFile];
  const { code, stdout, stderr } = await place.run([...words, ...await to(box, place)]);
  assertEquals([code, stdout], [0, "root@127.0.0.1: nothing was changed\n"], stderr);
  assertMatch(stderr, /^target: root@127\.0\.0\.1, Debian/m);
  assertMatch(stderr, /^phases: kexec$/m);
  assertEquals([await box.commands(), (await box.run("ls /root")).stdout], [[], ""]);
});

onBox("sudo's password comes from SUDO_PASSWORD, and is not shown", {}, async (box, place) => {
  const words = ["--debug", "--dry-run", "--phases", "kexec", "--kexec"];
  const image = await writeKexec(`${place.folder}/image.tar.gz`);
  const login = await to(box, place, "pwuser");
  const run = (env: Record<string, string>) =>
    place.run([...words, image, "--env-password", ...login], { SSHPASS: PASSWORD, ...env });
  const right = await run({ SUDO_PASSWORD: PASSWORD });
  assertEquals(right.code, 0, right.stderr);
  assert(!right.stderr.includes(PASSWORD));
  const wrong = await run({ SUDO_PASSWORD: "close sesame" });
  assertMatch(
    wrong.stderr,
    /^error: pwuser@127\.0\.0\.1: sudo does not take the password: .*incorrect/m,
  );
  assertEquals([wrong.code, wrong.stderr.includes("close sesame")], [1, false]);
});

onBox("a full TMPDIR is told in one line", {}, async (box, place) => {
  const full =
    'mount -t tmpfs -o size=16k tmpfs "$TMPDIR"; head -c 1M /dev/zero >"$TMPDIR/all"; exec "$@"';
  const words = [...COMMAND, "--phases", "kexec", "-i", box.identityFile, ...await to(box, place)];
  const { code, stderr } = await new Deno.Command("unshare", {
    args: ["-m", "sh", "-c", full, "full", ...words],
    env: { NO_COLOR: "1", TMPDIR: place.temp },
    stdin: "null",
  }).output();
  const said = new TextDecoder().decode(stderr);
  assertMatch(said, /^error: No space left on device .*\nhint: .*TMPDIR.*\nstate: nothing was/m);
  assertEquals([code, said.includes("    at ")], [1, false], said);
});

/** The command on a terminal of its own, which `script` makes, and what happens when it has asked. */
async function onTerminal(box: Box, place: Place, asked: (type: Type) => Promise<void>) {
  const image = await writeKexec(`${place.folder}/image.tar.gz`);
  const words = ["--phases", "kexec", "--kexec", image, "-i", box.identityFile];
  const line = [...COMMAND, ...words, ...await to(box, place)].map((word) => `'${word}'`).join(" ");
  const child = new Deno.Command("script", {
    args: ["-qec", line, "/dev/null"],
    env: { NO_COLOR: "1", XDG_STATE_HOME: `${place.folder}/state`, TMPDIR: place.temp },
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
async function terminate(place: Place): Promise<void> {
  const { stdout } = await new Deno.Command("ps", { args: ["-ewwo", "pid=,args="] }).output();
  const lines = new TextDecoder().decode(stdout).split("\n").map((line) => line.trim());
  const [line = ""] = lines.filter((one) =>
    one.split(/\s+/)[1] === COMMAND[0] && one.includes(place.folder)
  );
  Deno.kill(Number(line.split(" ")[0]), "SIGTERM");
}

const ends: Readonly<Record<string, (type: Type, place: Place) => Promise<void>>> = {
  "another name": (type) => type("127.0.0.2\n"),
  "Ctrl-C": (type) => type("\x03"),
  "SIGTERM": (_, place) => terminate(place),
};
for (const [title, end] of Object.entries(ends)) {
  onBox(`on a terminal the command asks, and ${title} ends it with 130`, {}, async (box, place) => {
    const { code, said } = await onTerminal(box, place, (type) => end(type, place));
    assertStringIncludes(said, "Type 127.0.0.1 to go on:");
    assertMatch(
      said,
      /error: (root@127\.0\.0\.1: not confirmed|interrupted by SIG(INT|TERM))\r?$/m,
    );
    assertStringIncludes(said, "state: nothing was changed on the target");
    assertEquals([code, await box.commands()], [130, []]);
    assertEquals(await exists(`${place.folder}/image.tar.gz`), true);
    assertEquals((await box.run("ls /root")).stdout, "");
  });
}
