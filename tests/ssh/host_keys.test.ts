import { assertEquals, assertMatch, assertNotEquals, assertRejects } from "@std/assert";
import { HostIdentityError } from "../../lib/errors.ts";
import type { ReportEvent } from "../../lib/report/events.ts";
import { fingerprint, makeKey, startContainer } from "../support/loopback/mod.ts";
import { connectFrom } from "./client.ts";
import { ignore, login, sharedContainer } from "./fixture.ts";

const container = sharedContainer();

/** A session's options and destination, for a user whose home is not ours. */
function target(): [string, { identityFile: string; port: number }] {
  const { host, identityFile, port } = container();
  return [`root@${host}`, { identityFile, port }];
}

async function otherKey(): Promise<string> {
  const { host, port } = container();
  return `[${host}]:${port} ${(await makeKey()).publicKey}\n`;
}

Deno.test("connect() accepts an unknown host key and reports it as new", { ignore }, async () => {
  const [where, options] = target();
  const outcome = await connectFrom({}, where, options);
  assertEquals(outcome.error, undefined);
  assertEquals([outcome.trust, outcome.user], ["new", "root"]);
  assertEquals(outcome.fingerprint, await container().fingerprint());
  // Rewritten by the install, so not the user's to keep.
  assertEquals(outcome.knownHosts, "");
});

Deno.test(
  "connect() reports a host key of the user's known_hosts as known",
  { ignore },
  async () => {
    const [where, options] = target();
    const known_hosts = container().knownHosts;
    for (const hostKey of [undefined, "strict"] as const) {
      const outcome = await connectFrom({ known_hosts }, where, { ...options, hostKey });
      assertEquals([outcome.error, outcome.trust], [undefined, "known"]);
    }
  },
);

Deno.test("connect() refuses a changed host key", { ignore }, async () => {
  const [where, options] = target();
  const known_hosts = await otherKey();
  for (const hostKey of [undefined, "accept-new", "strict"] as const) {
    const { error, knownHosts } = await connectFrom({ known_hosts }, where, {
      ...options,
      hostKey,
    });
    assertEquals(error?.name, "HostIdentityError");
    assertMatch(
      error?.message ?? "",
      /^root@127\.0\.0\.1: its host key SHA256:\S+ is not the one known/,
    );
    assertEquals(error?.message.includes(await container().fingerprint()), true);
    assertEquals(knownHosts, known_hosts);
  }
});

Deno.test("connect() refuses an unknown host key where it is strict", { ignore }, async () => {
  const [where, options] = target();
  const outcome = await connectFrom({}, where, { ...options, hostKey: "strict" });
  assertEquals(outcome.error?.name, "HostIdentityError");
  assertMatch(outcome.error?.message ?? "", /is not accepted$/);
});

Deno.test("connect() takes StrictHostKeyChecking from the user's config", { ignore }, async () => {
  const [where, options] = target();
  const strict = await connectFrom({ config: "StrictHostKeyChecking yes\n" }, where, options);
  assertEquals(strict.error?.name, "HostIdentityError");
  const known_hosts = await otherKey();
  const config = "StrictHostKeyChecking no\n";
  const off = await connectFrom({ config, known_hosts }, where, options);
  assertEquals([off.error, off.user, off.knownHosts], [undefined, "root", known_hosts]);
  // What the caller says counts more than what the config says.
  const said = await connectFrom({ config }, where, { ...options, hostKey: "strict" });
  assertEquals(said.error?.name, "HostIdentityError");
});

Deno.test(
  "connect() checks a host key of this machine though the user's config does not, if asked to",
  { ignore },
  async () => {
    const [where, options] = target();
    const files = {
      config: "NoHostAuthenticationForLocalhost yes\n",
      known_hosts: await otherKey(),
    };
    const unasked = await connectFrom(files, where, options);
    assertEquals([unasked.error, unasked.trust], [undefined, "new"]);
    const wrong = await fingerprint((await makeKey()).publicKey) as `SHA256:${string}`;
    for (const hostKey of ["accept-new", "strict", wrong] as const) {
      const { error } = await connectFrom(files, where, { ...options, hostKey });
      assertEquals(error?.name, "HostIdentityError", hostKey);
    }
  },
);

Deno.test("connect() takes any host key where the policy is off", { ignore }, async () => {
  const [where, options] = target();
  const known_hosts = await otherKey();
  const outcome = await connectFrom({ known_hosts }, where, { ...options, hostKey: "off" });
  assertEquals([outcome.error, outcome.user], [undefined, "root"]);
  assertEquals(outcome.knownHosts, known_hosts);
});

Deno.test(
  "connect() takes the host key with the wanted fingerprint and no other",
  { ignore },
  async () => {
    const right = await container().fingerprint() as `SHA256:${string}`;
    const events: ReportEvent[] = [];
    {
      await using target = await login(container(), "root", {
        hostKey: right,
        report: (event) => events.push(event),
      });
      assertEquals(target.fingerprint, right);
    }
    const key = events.find((event) => event.type === "host-key");
    assertEquals([key?.fingerprint, key?.trust], [right, "known"]);
    const wrong = await fingerprint((await makeKey()).publicKey) as `SHA256:${string}`;
    assertNotEquals(right, wrong);
    for (const hostKey of [wrong, "SHA256:", "SHA256:'; exit 0; '"] as const) {
      await assertRejects(() => login(container(), "root", { hostKey }), HostIdentityError);
    }
  },
);

Deno.test(
  "connect() takes the host key of a certificate by its fingerprint",
  { ignore },
  async () => {
    await using own = await startContainer({
      sshdConfig: ["HostCertificate /etc/ssh/host-cert.pub"],
      setup:
        `cd /etc/ssh; ssh-keygen -q -t ed25519 -N '' -f ca; cp ssh_host_ed25519_key.pub host.pub
ssh-keygen -q -s ca -h -I box host.pub; cd /\n`,
    });
    const hostKey = await own.fingerprint() as `SHA256:${string}`;
    await using target = await login(own, "root", { hostKey });
    assertEquals(target.fingerprint, hostKey);
    await using other = await login(own);
    assertEquals(other.fingerprint, hostKey);
  },
);

Deno.test(
  "connect() wants one of the expected host keys, whatever else is known",
  { ignore },
  async () => {
    const [where, options] = target();
    const ours = container().hostKeys.map((key) => key.publicKey);
    const other = (await makeKey()).publicKey;
    const wanted = { ...options, hostKey: "accept-new" } as const;
    const known = { known_hosts: container().knownHosts };
    const right = await connectFrom({}, where, { ...wanted, expectedHostKeys: [other, ...ours] });
    assertEquals([right.error, right.trust], [undefined, "known"]);
    const wrong = await connectFrom(known, where, { ...wanted, expectedHostKeys: [other] });
    assertEquals(wrong.error?.name, "HostIdentityError");
    const none = await connectFrom(known, where, { ...wanted, expectedHostKeys: [] });
    assertEquals(none.error?.name, "HostIdentityError");
  },
);

Deno.test(
  "Session.fingerprint is what the host key proves, not what a banner says",
  { ignore },
  async () => {
    const lie = `SHA256:${"A".repeat(43)}`;
    const banner =
      `Server host key: ssh-ed25519 ${lie}\ndebug1: Server host key: ssh-ed25519 ${lie}\n`;
    await using own = await startContainer({
      files: { "/etc/banner": banner },
      sshdConfig: ["Banner /etc/banner"],
    });
    const { port, identityFile } = own;
    const outcome = await connectFrom({}, "root@127.0.0.1", { port, identityFile });
    assertEquals([outcome.fingerprint, outcome.trust], [await own.fingerprint(), "new"]);
  },
);
