import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Container, makeKey, PASSWORD, startContainer } from "../support/loopback/mod.ts";
import { connectFrom } from "./client.ts";
import { ignore, sharedContainer } from "./fixture.ts";

const container = sharedContainer();

/** What a user has in ~/.ssh for the container: an alias with everything that it takes. */
function files(more: string = ""): Record<string, string> {
  const { host, identity, knownHosts, port } = container();
  return {
    key: identity.privateKey,
    hosts: knownHosts,
    config: `${more}
Host web
  HostName ${host}
  Port ${port}
  User admin
  IdentityFile ~/.ssh/key
  UserKnownHostsFile ~/.ssh/hosts
`,
  };
}

Deno.test("connect() follows an alias of the user's ssh config", { ignore }, async () => {
  const { error, user, trust } = await connectFrom(files(), "web");
  assertEquals([error, user, trust], [undefined, "admin", "known"]);
});

Deno.test("connect() finds known_hosts files whose names are awkward", { ignore }, async () => {
  for (const name of ["my hosts", "50% known"]) {
    const { hosts = "", config = "", ...rest } = files();
    const more = `UserKnownHostsFile ~/.ssh/none "~/.ssh/${name.replace("%", "%%")}"`;
    const awkward = config.replace("UserKnownHostsFile ~/.ssh/hosts", more);
    const { error, trust } = await connectFrom({ ...rest, config: awkward, [name]: hosts }, "web");
    assertEquals([error, trust], [undefined, "known"], name);
  }
});

Deno.test("connect() lets the destination and the options win over the user's ssh config", {
  ignore,
}, async () => {
  const { error, user } = await connectFrom(files("Port 1\nUser nobody\n"), "plain@web", {
    port: container().port,
  });
  assertEquals([error, user], [undefined, "plain"]);
});

Deno.test(
  "connect() is not disturbed by what an ssh config can hold for terminals",
  { ignore },
  async () => {
    const terminal = `
RequestTTY force
RemoteCommand tmux attach
LocalForward 127.0.0.1:1 127.0.0.1:1
ExitOnForwardFailure yes
PermitLocalCommand yes
LocalCommand echo local command
ControlMaster auto
ControlPath ~/.ssh/control
ControlPersist yes
SessionType none
StdinNull yes
ForkAfterAuthentication yes
BatchMode yes
LogLevel QUIET
VisualHostKey yes
`;
    const { error, user, trust } = await connectFrom(files(terminal), "web");
    assertEquals([error, user, trust], [undefined, "admin", "known"]);
  },
);

Deno.test(
  "connect() reads the log and leaves the user's known_hosts alone, whatever an ssh config says",
  { ignore },
  async () => {
    await using own = await startContainer({ hostKeys: [await makeKey(), await makeKey("ecdsa")] });
    const { port, identityFile } = own;
    const [first = "", second = ""] = own.knownHosts.split(/(?<=\n)/);
    const config = `
UpdateHostKeys yes
FingerprintHash md5
LogLevel DEBUG3
LogVerbose *
KnownHostsCommand /bin/echo %H ${(await makeKey()).publicKey}
`;
    const outcome = await connectFrom({ known_hosts: first, config }, "root@127.0.0.1", {
      ...{ port, identityFile, sshOptions: ["HostKeyAlgorithms=ssh-ed25519"] },
    });
    assertEquals([outcome.error, outcome.trust], [undefined, "known"]);
    assertEquals(outcome.fingerprint, await own.fingerprint());
    assertEquals(outcome.knownHosts, first);
    assert(second !== "");
  },
);

Deno.test(
  "connect() allows what ssh allows by itself where another system's keys are demanded",
  { ignore },
  async () => {
    const narrow = "Ciphers 3des-cbc\nKexAlgorithms diffie-hellman-group1-sha1\n";
    const expectedHostKeys = container().hostKeys.map((key) => key.publicKey);
    const { port, identityFile } = container();
    const options = { port, identityFile };
    const first = await connectFrom({ config: narrow }, "root@127.0.0.1", options);
    assertEquals(first.error?.name, "ConnectionError");
    assertMatch(first.error?.hint ?? "", /^--ssh-option KexAlgorithms=\+NAME /);
    const later = await connectFrom({ config: narrow }, "root@127.0.0.1", {
      ...{ ...options, expectedHostKeys },
    });
    assertEquals([later.error, later.user], [undefined, "root"]);
    const update = await connectFrom({ config: narrow }, "root@127.0.0.1", {
      ...{ ...options, expectedHostKeys, wider: false },
    });
    assertEquals(update.error?.name, "ConnectionError");
    // What was asked for counts more.
    const asked = await connectFrom({}, "root@127.0.0.1", {
      ...{ ...options, expectedHostKeys, sshOptions: ["Ciphers=3des-cbc"] },
    });
    assertEquals(asked.error?.name, "ConnectionError");
  },
);

Deno.test("connect() does not mind keys that the user lets ssh ignore", { ignore }, async () => {
  const mac = "IgnoreUnknown UseKeychain,AddKeysToAgentOfTheFuture\nUseKeychain yes\n";
  const { error, user } = await connectFrom(files(mac), "web");
  assertEquals([error, user], [undefined, "admin"]);
});

Deno.test(
  "connect() gives a password though the user's ssh config asks for none",
  { ignore },
  async () => {
    const config = "BatchMode yes\nPasswordAuthentication no\nNumberOfPasswordPrompts 0\n";
    const { error, user } = await connectFrom(files(config), "pwuser@web", { password: PASSWORD });
    assertEquals([error, user], [undefined, "pwuser"]);
  },
);

/** The user's files with a jump host in front of the container. */
function behind(jump: Container, hosts: string = jump.knownHosts): Record<string, string> {
  const { config, ...rest } = files();
  return {
    ...rest,
    config: `${config}  ProxyJump jump
Host jump
  LogLevel DEBUG1
  HostName ${jump.host}
  Port ${jump.port}
  User hop
  IdentityFile ~/.ssh/jumpkey
`,
    jumpkey: jump.identity.privateKey,
    known_hosts: hosts,
  };
}

Deno.test("connect() jumps over the user's ProxyJump", { ignore }, async () => {
  await using jump = await startContainer({ users: { hop: {} } });
  const expectedHostKeys = container().hostKeys.map((key) => key.publicKey);
  const identityFile = container().identityFile;
  const { port } = container();
  for (
    const options of [{}, { expectedHostKeys, identityFile, port }, { hostKey: "strict" as const }]
  ) {
    const { error, user, trust, fingerprint } = await connectFrom(behind(jump), "web", options);
    assertEquals([error, user, trust], [undefined, "admin", "known"]);
    // Not that of the jump host, whose ssh logs too.
    assertEquals(fingerprint, await container().fingerprint());
  }
  assertEquals(await jump.logins(), Array(3).fill("hop publickey"));
  // An unknown key of a jump host is ssh's question to the user, who is not there to answer.
  const { error } = await connectFrom(behind(jump, ""), "web", { hostKey: "accept-new" });
  assertEquals(error?.name, "HostIdentityError");
});

Deno.test("connect() keeps the target's password from a jump host", { ignore }, async () => {
  const hop = { password: true };
  await using jump = await startContainer({ users: { hop } });
  const password = { password: PASSWORD };
  const through = await connectFrom(behind(jump), "pwuser@web", password);
  assertEquals([through.error, through.user], [undefined, "pwuser"]);
  // Given to it, the password would open this one, too.
  await using asking = await startContainer({ users: { hop: { ...hop, keys: "none" } } });
  const { error } = await connectFrom(behind(asking), "pwuser@web", password);
  assertEquals([error?.name, await asking.logins()], ["LoginError", []]);
  assertMatch(
    error?.message ?? "",
    /: login refused on the way: hop@127\.0\.0\.1: Permission denied/,
  );
  // No other key of the target's would help there.
  assertEquals((await asking.log()).match(/^Connection from /gm)?.length, 1);
});

Deno.test(
  "connect() believes in a jump host only by the user's own rules",
  { ignore },
  async () => {
    await using jump = await startContainer({ users: { hop: {} } });
    // As if someone else answered in the place of the jump host.
    const known = `[${jump.host}]:${jump.port} ${(await makeKey()).publicKey}\n`;
    const { error } = await connectFrom(behind(jump, known), "web", { hostKey: "off" });
    assertEquals(error?.name, "HostIdentityError");
    assertEquals(await jump.logins(), []);
  },
);
