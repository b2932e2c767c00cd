import { assert, assertEquals, assertInstanceOf, assertLess } from "@std/assert";
import { ConnectionError, HostIdentityError, LoginError } from "../../lib/errors.ts";
import { LoginLog } from "../../lib/ssh/login_log.ts";

function read(...lines: string[]): LoginLog {
  const log = new LoginLog();
  for (const line of lines) log.add(line);
  return log;
}
const KEY = "debug1: Server host key: ssh-ed25519 SHA256:abc";

Deno.test("LoginLog knows the greeting, the host key and how the login was granted", () => {
  const log = read(
    "OpenSSH_9.2p1 Debian-2, OpenSSL 3.0.0",
    "debug1: Remote protocol version 2.0, remote software version OpenSSH_9.2p1",
    KEY,
    "debug1: SSH2_MSG_NEWKEYS received",
    'Authenticated to 127.0.0.1 ([127.0.0.1]:22) using "publickey".',
  );
  const { greeted, fingerprint, known, method } = log;
  assertEquals([greeted, fingerprint, known, method], [true, "SHA256:abc", true, "publickey"]);
});

Deno.test("LoginLog takes the warning about a new key for the machine whose key it follows", () => {
  const warning = "Warning: Permanently added 'x' (ED25519) to the list of known hosts.";
  assertEquals(read(KEY, warning).known, false);
  assertEquals(read(warning, KEY).known, true);
});

const failures: [string[], new (...args: never[]) => Error, string][] = [
  [["root@web: Permission denied (publickey)."], LoginError, "login refused: root@web: Permission"],
  [
    [KEY, "Host key verification failed."],
    HostIdentityError,
    "its host key SHA256:abc is not accepted",
  ],
  [
    [KEY, "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @", "Host key verification failed."],
    HostIdentityError,
    "its host key SHA256:abc is not the one known for it",
  ],
  [["Host key verification failed."], HostIdentityError, "a machine on the way is not accepted"],
  [
    ["ssh: Could not resolve hostname web: Name or service not known"],
    ConnectionError,
    "the name is not known",
  ],
  [
    ["ssh: connect to host web port 22: No route to host"],
    ConnectionError,
    "no ssh connection: ssh: connect to host web port 22: No route to host",
  ],
  [[], ConnectionError, "no ssh connection: ssh said nothing"],
];
for (const [lines, type, text] of failures) {
  Deno.test(`LoginLog.failure() says: ${text}`, () => {
    const error = read(...lines).failure("root@web");
    assertInstanceOf(error, type);
    assert(error.message.startsWith("root@web: "), error.message);
    assert(error.message.includes(text), error.message);
    assert(error.hint.length > 10 && !error.hint.endsWith("."), error.hint);
  });
}

Deno.test("LoginLog keeps a bounded part of the log and escapes it", () => {
  const log = read(...Array.from({ length: 10_000 }, (_, index) => `line ${index} \x1b[2J`));
  const { message } = log.failure("web");
  assertLess(message.length, 200);
  assert(message.endsWith("line 9999 \\x1b[2J"), message);
});
