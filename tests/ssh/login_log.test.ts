import { assert, assertEquals, assertInstanceOf, assertLess, assertMatch } from "@std/assert";
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

Deno.test("LoginLog knows the fingerprint of a key that a certificate vouches for", () => {
  const type = "ssh-ed25519-cert-v01@openssh.com";
  const line =
    `debug1: Server host certificate: ${type} SHA256:a+/c, serial 0 ID "web" CA ssh-ed25519 SHA256:d`;
  assertEquals(read(line).fingerprint, "SHA256:a+/c");
});

Deno.test("LoginLog takes what is said on the way for nobody's host key and login", () => {
  const log = read(PROXY);
  for (
    const line of [KEY, NEWKEYS, 'Authenticated to jump ([192.0.2.2]:22) using "password".', CLOSED]
  ) {
    log.overhear(line);
  }
  const { fingerprint, method, greeted } = log;
  assertEquals([fingerprint, method, greeted], [undefined, undefined, false]);
  log.overhear("Host key verification failed.");
  assertInstanceOf(log.failure("web"), HostIdentityError);
});

Deno.test("LoginLog takes the warning about a new key for the machine whose key it follows", () => {
  const warning = "Warning: Permanently added 'x' (ED25519) to the list of known hosts.";
  assertEquals(read(KEY, warning).known, false);
  assertEquals(read(warning, KEY).known, true);
});

const GREETED = "debug1: Remote protocol version 2.0, remote software version OpenSSH_9.9";
const NEWKEYS = "debug1: SSH2_MSG_NEWKEYS received";
const PROXY = "debug1: Executing proxy command: exec ssh -W [192.0.2.1]:22 jump";
const CLOSED = "Connection closed by UNKNOWN port 65535";
const OFFERS = "debug1: Authentications that can continue: publickey,password";
const DENIED = "root@web: Permission denied (publickey).";

const failures: [string[], new (...args: never[]) => Error, string, string?][] = [
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
  [
    [
      "bind 192.0.2.7: Cannot assign requested address",
      "ssh: connect to host web port 22: failure",
    ],
    ConnectionError,
    "no ssh connection: bind 192.0.2.7: Cannot assign requested address",
    "BindAddress",
  ],
  [
    ["ssh: Could not resolve hostname 192.0.2.1: Address family for hostname not supported"],
    ConnectionError,
    "no ssh connection: ssh: Could not resolve",
    "AddressFamily",
  ],
  [
    [
      GREETED,
      "Unable to negotiate with 192.0.2.1 port 22: no matching MAC found. Their offer: a,b",
    ],
    ConnectionError,
    "no matching MAC found. Their offer: a,b",
    "MACs=+NAME",
  ],
  [
    ["ssh: connect to host web port 22: Permission denied"],
    ConnectionError,
    "no ssh connection: ssh: connect to host web port 22: Permission denied",
    "firewall",
  ],
  [
    [GREETED, KEY, "KnownHostsCommand failed"],
    ConnectionError,
    "no ssh connection: KnownHostsCommand failed",
    "KnownHostsCommand in your ssh config",
  ],
  [
    [PROXY, "sh: nosuch: not found", CLOSED],
    ConnectionError,
    "no ssh connection: sh: nosuch: not found",
    "ProxyCommand",
  ],
  [
    [PROXY, "hop@jump: Permission denied (publickey).", CLOSED],
    LoginError,
    "login refused on the way: hop@jump: Permission denied",
    "the machine on the way",
  ],
  [
    [KEY, "Host key ED25519 SHA256:abc revoked by file /r", "Host key verification failed."],
    HostIdentityError,
    "its host key SHA256:abc is revoked",
    "needs another",
  ],
  [
    [KEY, "Error checking host key ED25519 SHA256:abc in revoked keys file /r: Permission denied"]
      .concat("Host key verification failed."),
    HostIdentityError,
    "cannot be checked: Error checking host key ED25519 SHA256:abc in revoked keys file /r",
    "RevokedHostKeys",
  ],
  [
    ["Permissions 0644 for '/k e y' are too open.", DENIED],
    LoginError,
    "login refused: root@web: Permission denied",
    "chmod 600 '/k e y'",
  ],
  [
    [
      'sign_and_send_pubkey: signing failed for ED25519 "me" from agent: agent refused operation',
      DENIED,
    ],
    LoginError,
    "login refused: root@web: Permission denied",
    "agent refused operation",
  ],
  [
    [
      NEWKEYS,
      "Received disconnect from 192.0.2.1 port 22:2: Too many authentication failures",
      "Disconnected from 192.0.2.1 port 22",
    ],
    LoginError,
    "login refused: Received disconnect from 192.0.2.1 port 22:2: Too many",
    "IdentitiesOnly",
  ],
  [
    [NEWKEYS, "debug1: Authentications that can continue: password", DENIED],
    LoginError,
    "Permission denied",
    "the server asks for password",
  ],
  [
    [NEWKEYS, "debug1: Authentications that can continue: publickey,password", DENIED],
    LoginError,
    "Permission denied",
    "ssh has offered none of your keys",
  ],
  [
    [NEWKEYS, OFFERS, "debug1: Server accepts key: /id ED25519 SHA256:" + "a".repeat(43), DENIED],
    LoginError,
    "Permission denied",
    'waits for the passphrase of "/id"',
  ],
  [
    [NEWKEYS, OFFERS, "debug1: Server accepts key: /id.pub RSA SHA256:" + "a".repeat(43), DENIED],
    LoginError,
    "Permission denied",
    "no agent that ssh reaches has the private key",
  ],
  // What a server says in a banner is not what ssh says of its host key.
  [
    [KEY, NEWKEYS, "Host key verification failed.", DENIED],
    LoginError,
    "Permission denied",
    "authorized_keys",
  ],
];
for (const [lines, type, text, hint = ""] of failures) {
  Deno.test(`LoginLog.failure() says: ${text}${hint && `, hint: ${hint}`}`, () => {
    const error = read(...lines).failure("root@web");
    assertInstanceOf(error, type);
    assert(error.message.startsWith("root@web: "), error.message);
    assert(error.message.includes(text), error.message);
    assert(error.hint.length > 10 && !error.hint.endsWith("."), error.hint);
    assert(error.hint.includes(hint), error.hint);
  });
}

Deno.test("LoginLog.failure() sends nobody to look for a key where a password was refused", () => {
  const log = read(
    NEWKEYS,
    "debug1: Authentications that can continue: publickey,password",
    DENIED,
  );
  log.password = true;
  assertMatch(log.failure("root@web").hint, /the password in SSHPASS/);
});

Deno.test("LoginLog keeps a bounded part of the log and escapes it", () => {
  const log = read(...Array.from({ length: 10_000 }, (_, index) => `line ${index} \x1b[2J`));
  const { message } = log.failure("web");
  assertLess(message.length, 200);
  assert(message.endsWith("line 9999 \\x1b[2J"), message);
});
