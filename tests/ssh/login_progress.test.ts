import { assertEquals, assertStringIncludes } from "@std/assert";
import type { ConnectionError } from "../../lib/errors.ts";
import { LoginLog } from "../../lib/ssh/login_log.ts";
import type { LoginEnding, LoginPhase } from "../../lib/ssh/login_progress.ts";

function read(...lines: string[]): LoginLog {
  const log = new LoginLog();
  for (const line of lines) log.add(line);
  return log;
}

const CONNECTING = "debug1: Connecting to web [192.0.2.1] port 22.";
const CONNECTED = "debug1: Connection established.";
const GREETED = "debug1: Remote protocol version 2.0, remote software version OpenSSH_9.9";
const NEWKEYS = "debug1: SSH2_MSG_NEWKEYS received";
const SERVICE = "debug1: SSH2_MSG_SERVICE_ACCEPT received";
const OFFERING = "debug1: Offering public key: id ED25519 SHA256:abc explicit";
const ACCEPTS = "debug1: Server accepts key: id ED25519 SHA256:abc explicit";

const phases: [string[], LoginPhase, string][] = [
  [[], "starting", "ssh on this machine"],
  [[CONNECTING], "connecting", "an answer to the connection"],
  [[CONNECTING, CONNECTED], "connected", "the greeting"],
  [[CONNECTING, CONNECTED, GREETED], "greeted", "the key exchange"],
  [[GREETED, NEWKEYS], "keyed", "the server to begin the login"],
  [[GREETED, NEWKEYS, SERVICE], "login", "the server's answer"],
  [[GREETED, SERVICE, OFFERING], "login", "the server's answer to a key"],
  [[GREETED, SERVICE, OFFERING, ACCEPTS], "login", "passphrase, a touch or its agent"],
  [
    [GREETED, SERVICE, ACCEPTS, "Confirm user presence for key ED25519-SK SHA256:abc"],
    "login",
    "somebody to touch",
  ],
  [[GREETED, SERVICE, "debug1: Next authentication method: password"], "login", "the password"],
  // The log of a jump host's ssh comes later.
  [[GREETED, NEWKEYS, CONNECTING, CONNECTED], "keyed", "the server to begin"],
];
for (const [lines, phase, text] of phases) {
  Deno.test(`LoginProgress is ${phase} and waits for: ${text}`, () => {
    const { progress } = read(...lines);
    assertEquals(progress.phase, phase);
    assertStringIncludes(progress.waitsFor, text);
    assertEquals(progress.unfinished === undefined, !progress.at("greeted"));
  });
}

const PROXY = "debug1: Executing proxy command: exec ssh -W [192.0.2.1]:22 jump";
const CLOSED = "kex_exchange_identification: Connection closed by remote host";
const NOTICE = "debug1: kex_exchange_identification: banner line 0: Not allowed at this time";
const endings: [string, string[], LoginEnding, boolean][] = [
  [
    "a refused connection",
    [CONNECTING, "ssh: connect to host web port 22: Connection refused"],
    "refused",
    false,
  ],
  [
    "no way to the machine",
    [CONNECTING, "ssh: connect to host web port 22: No route to host"],
    "unreachable",
    false,
  ],
  ["an end before the greeting", [CONNECTING, CONNECTED, CLOSED], "turned away", false],
  ["a server that is busy", [CONNECTED, NOTICE, CLOSED], "turned away", true],
  [
    "a refusal behind a jump host",
    [PROXY, "channel 0: open failed: connect failed: Connection refused", CLOSED],
    "turned away",
    false,
  ],
  [
    "an end after the greeting",
    [CONNECTED, GREETED, "Connection closed by 192.0.2.1 port 22"],
    "broken",
    false,
  ],
];
for (const [title, lines, ending, throttled] of endings) {
  Deno.test(`LoginProgress tells ${title}`, () => {
    const { progress } = read(...lines);
    assertEquals([progress.ending, progress.throttled], [ending, throttled]);
  });
}

Deno.test("LoginLog.failure() says what the server said instead of a greeting", () => {
  const error = read(CONNECTING, CONNECTED, NOTICE, CLOSED).failure("root@web") as ConnectionError;
  assertStringIncludes(error.message, 'its ssh server says "Not allowed at this time"');
  assertStringIncludes(error.hint, "PerSourcePenalties");
});

Deno.test("LoginProgress bounds and escapes what is said in the place of a greeting", () => {
  const text = `debug1: kex_exchange_identification: banner line 0: \x1b[2J${"x".repeat(1000)}`;
  const { notice = "" } = read(text).progress;
  assertEquals([notice.length, notice.includes("\x1b")], [100, false]);
});
