import { assert, assertEquals } from "@std/assert";
import type { Happening } from "../../lib/report/events.ts";
import { LoginLog } from "../../lib/ssh/login_log.ts";
import { LoginWaiting, Waiting } from "../../lib/ssh/waiting.ts";

type Told = Extract<Happening, { type: "waiting" }>;

const CONNECTING = [
  "debug1: Connecting to web port 22.",
  "debug1: Connection established.",
  "debug1: Remote protocol version 2.0, remote software version OpenSSH_9.2",
  "debug1: SSH2_MSG_NEWKEYS received",
  "debug1: SSH2_MSG_SERVICE_ACCEPT received",
];

/** What is told of a login with this log, by somebody who can be asked or not. */
function told(attended: boolean, lines: readonly string[]) {
  const events: Told[] = [];
  const log = new LoginLog();
  {
    using waiting = new LoginWaiting(
      (event) => void events.push(event as Told),
      "connect",
      attended,
    );
    waiting.follow(log);
    for (const line of lines) log.add(line);
  }
  return { events, log };
}

Deno.test("a login that may ask says so before ssh asks, and that it is over", () => {
  const { events } = told(true, [...CONNECTING, "debug1: Next authentication method: password"]);
  // From the connection on: what is greeted next may ask at any time.
  assertEquals(events.map(({ asks = false }) => asks), [false, true, false]);
  assertEquals(events.at(-1)?.text, "");
  assert(told(false, CONNECTING).events.every(({ asks }) => !asks));
});

Deno.test("a login is known to ask by what ssh logs before", () => {
  const rows: readonly [line: string, asking: boolean][] = [
    ["debug1: Next authentication method: publickey", false],
    ["debug1: Offering public key: /k ED25519 SHA256:x", false],
    ["debug1: Server accepts key: /k ED25519 SHA256:x", true],
    ["debug1: Trying private key: /home/me/.ssh/id_rsa", true],
    ["debug1: Next authentication method: keyboard-interactive", true],
    ["debug1: Authentications that can continue: publickey,password", false],
    ["debug1: Next authentication method: password", true],
    ['Authenticated to web ([192.0.2.1]:22) using "password".', false],
  ];
  const log = new LoginLog();
  for (const line of CONNECTING) log.add(line);
  for (const [line, asking] of rows) {
    log.add(line);
    assertEquals(log.progress.asking, asking, line);
  }
  // Whoever makes the connection may ask for its own login, until the target greets.
  const jump = new LoginLog();
  jump.add("debug1: Executing proxy command: exec ssh -W web:22 jump");
  assertEquals(jump.progress.asking, true);
  jump.add(CONNECTING[2]!);
  assertEquals(jump.progress.asking, false);
});

Deno.test("Waiting says nothing in the middle of a question, and no news once", () => {
  const events: Told[] = [];
  const waiting = new Waiting((event) => void events.push(event as Told), "kexec", true);
  for (const asking of [false, true, true]) {
    waiting.tell({ text: asking ? "b" : "a", mayAsk: true, asking });
  }
  assertEquals(events.map(({ text }) => text), ["a"]);
  waiting.tell({ text: "c", mayAsk: false, asking: false });
  waiting.tell({ text: "c", mayAsk: false, asking: false });
  assertEquals(events.map(({ text, asks = false }) => [text, asks]), [["a", true], ["c", false]]);
});
