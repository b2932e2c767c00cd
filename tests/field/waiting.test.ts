/** Machines that are slow to answer, or answer nobody who asks too often. */
import { assert, assertEquals, assertLess, assertRejects, assertStringIncludes } from "@std/assert";
import { BootError, LoginError } from "../../lib/errors.ts";
import type { ReportEvent } from "../../lib/report/events.ts";
import { logInSoon } from "../../lib/ssh/attempts.ts";
import { awaitBoot } from "../../lib/ssh/boot.ts";
import { connect } from "../../lib/steps/connect.ts";
import {
  type Container,
  currentSshd,
  makeKey,
  startContainer,
  startMachine,
} from "../support/loopback/mod.ts";
import {
  DroppingPort,
  type Endpoint,
  startHangingFront,
  startSilentFront,
  startSlowServer,
} from "../support/slow_server.ts";
import { attempt, condition } from "./condition.ts";

/** How to log in to a container by another way than its own port. */
function by(
  { port }: Endpoint,
  { identityFile }: Container,
  report?: (event: ReportEvent) => void,
) {
  return { port, identityFile, hostKey: "off", ...(report && { report }) } as const;
}

/** Logs in as while a boot is awaited, and says who was logged in. */
async function soon(front: Endpoint, container: Container, seconds = 120): Promise<string> {
  const destination = { host: "127.0.0.1", user: "root" };
  await using session = await logInSoon(destination, by(front, container), {
    greetedAfter: 50,
    refusals: 1000,
    signal: AbortSignal.timeout(seconds * 1000),
  });
  return (await session.run(["id", "-un"])).stdout.trim();
}

/** Connects without logging in, as a tool that asks every 400 ms, until the server has enough of it. */
async function shutOut({ host, port }: Endpoint): Promise<void> {
  const ask = async () => {
    const conn = await Deno.connect({ hostname: host, port });
    const buffer = new Uint8Array(80);
    const count = await conn.read(buffer).catch(() => null) ?? 0;
    conn.close();
    return new TextDecoder().decode(buffer.subarray(0, count)).startsWith("Not allowed");
  };
  for (let round = 0; round < 20; round++) {
    if ((await Promise.all(Array.from({ length: 8 }, ask))).includes(true)) return;
  }
  throw new Error("the server lets in whoever asks");
}

for (const [seconds, most] of [[1, 4], [3, 5], [10, 8]] as const) {
  condition("sshd", `takes ${seconds} s a connection, one at a time`, async () => {
    await using container = await startContainer();
    await using front = startSlowServer(container, seconds * 1000);
    assertEquals(await soon(front, container), "root");
    assertLess(front.connections, most + 1);
    assertEquals(await container.logins(), ["root publickey"]);
  });
}

condition("sshd", "takes 3 s a connection before and after the kexec", async () => {
  await using front = startSlowServer({ host: "127.0.0.1", port: 0 }, 3000);
  const { code, stderr, logins } = await attempt({}, ({ image, machine, sandbox, options }) => {
    front.lead(machine);
    const { disko, system } = options.parts;
    return [
      ...["--phases", "kexec", "--kexec", image, "-s", disko, system],
      ...["-p", `${front.port}`, "--post-kexec-ssh-port", `${front.port}`],
      ...["--known-hosts", `${sandbox.folder}/known_hosts`, "root@127.0.0.1"],
    ];
  });
  assertEquals(code, 0, stderr);
  assertEquals(logins, ["0 root publickey", "1 root publickey"]);
  assertLess(front.connections, 10, stderr);
});

condition("sshd", "takes 25 s for the first connection: the first login waits", async () => {
  await using container = await startContainer();
  await using front = startSlowServer(container, 25_000);
  const said: string[] = [];
  const report = (event: ReportEvent) => event.type === "log" && said.push(event.text);
  await using session = await connect("root@127.0.0.1", by(front, container, report));
  assertEquals((await session.run(["id", "-un"])).stdout, "root\n");
  assertStringIncludes(said.join("\n"), "no ssh server greets within 20 s; waiting");
  assertLess(front.connections, 3);
});

condition("sshd", "has as many logins at once as MaxStartups lets in", async () => {
  await using container = await startContainer({ sshdConfig: ["MaxStartups 2:100:2"] });
  const others = await Promise.all(
    [1, 2].map(() => Deno.connect({ hostname: container.host, port: container.port })),
  );
  // Both have been greeted: they count.
  for (const other of others) await other.read(new Uint8Array(8));
  const trying = soon(container, container);
  const first = connect("root@127.0.0.1", by(container, container));
  await new Promise((resolve) => setTimeout(resolve, 6000));
  for (const other of others) other.close();
  assertEquals(await trying, "root");
  await using _session = await first;
  const turnedAway = (await container.log()).match(/MaxStartups|drop connection/g) ?? [];
  assert(turnedAway.length < 12, await container.log());
});

condition("sshd", "is the newest and shuts out who does not log in", async () => {
  await using container = await startContainer({ files: await currentSshd() });
  await shutOut(container);
  const said: string[] = [];
  const report = (event: ReportEvent) => event.type === "log" && said.push(event.text);
  const [user] = await Promise.all([
    soon(container, container),
    connect("root@127.0.0.1", by(container, container, report)).then((session) =>
      session[Symbol.asyncDispose]()
    ),
  ]);
  assertEquals(user, "root");
  assertStringIncludes(said.join("\n"), "Not allowed at this time");
});

condition("sshd", "is the newest and takes 3 s a connection: nobody is shut out", async () => {
  await using container = await startContainer({ files: await currentSshd() });
  await using front = startSlowServer(container, 3000);
  assertEquals(await soon(front, container), "root");
  assertEquals((await container.log()).match(/penalty|penalties/gi), null);
});

condition("login", "refused by the newest sshd: tried again without being shut out", async () => {
  await using container = await startContainer({
    files: await currentSshd(),
    identity: await makeKey(),
  });
  const wrong = await makeKey();
  const options = { port: container.port, privateKey: wrong.privateKey, hostKey: "off" } as const;
  const trying = logInSoon({ host: "127.0.0.1", user: "root" }, options, {
    greetedAfter: 50,
    refusals: 6000,
    signal: AbortSignal.timeout(60_000),
  });
  await assertRejects(() => trying, LoginError, "Permission denied");
  await using session = await connect("root@127.0.0.1", by(container, container));
  assertEquals((await session.run(["id", "-un"])).stdout, "root\n");
});

condition("login", "counted by a jump host while a machine boots for 15 s", async () => {
  await using jump = await startContainer();
  const proxy = [
    ...["ssh", "-i", jump.identityFile, "-p", `${jump.port}`, "-o", "StrictHostKeyChecking=no"],
    ...["-o", "UserKnownHostsFile=/dev/null", "-W", "%h:%p", "root@127.0.0.1"],
  ].join(" ");
  const { code, stderr } = await attempt(
    { installer: { gap: 15_000 } },
    ({ image, machine, sandbox, options: { parts } }) => [
      ...["--phases", "kexec", "--kexec", image, "-s", parts.disko, parts.system],
      ...["-p", `${machine.port}`, "--post-kexec-ssh-port", `${machine.port}`],
      ...["--known-hosts", `${sandbox.folder}/known_hosts`],
      ...["--ssh-option", `ProxyCommand=${proxy}`, "root@127.0.0.1"],
    ],
  );
  assertEquals(code, 0, stderr);
  const count = (await jump.logins()).length;
  assert(count < 12, `${count} logins`);
});

condition("network", "drops every packet until the machine is up", async () => {
  await using container = await startContainer();
  await using port = await DroppingPort.make();
  const trying = soon(port, container);
  await new Promise((resolve) => setTimeout(resolve, 4000));
  port.open(container);
  assertEquals(await trying, "root");
  assertLess(port.connections, 6);
});

condition("network", "accepts for a machine that is down, and never passes that on", async () => {
  await using container = await startContainer();
  await using front = startSilentFront(container, 3);
  assertEquals(await soon(front, container), "root");
  assertLess(front.connections, 7);
});

condition(
  "installer",
  "greets and then hangs: it is told, and not the only one for ever",
  async () => {
    await using container = await startContainer();
    await using front = startHangingFront(container, 1);
    const said: string[] = [];
    const report = (event: ReportEvent) => event.type === "log" && said.push(event.text);
    const destination = { host: "127.0.0.1", user: "root" };
    await using _session = await logInSoon(destination, by(front, container, report), {
      greetedAfter: 50,
      refusals: 1000,
      signal: AbortSignal.timeout(120_000),
    });
    assertLess(front.connections, 4);
    assertStringIncludes(
      said.join("\n"),
      "greets, and has not finished the login after 15 s: it waits for the key exchange",
    );
  },
);

condition("installer", "never answers: what was seen last is said", async () => {
  await using machine = await startMachine({}, { delay: 0, gap: Infinity });
  const { identityFile, port } = machine;
  const old = await connect("root@127.0.0.1", { identityFile, port, hostKey: "off" });
  const previous = machine.container.bootId;
  await old.run(["reboot"]);
  const error = await assertRejects(
    () => awaitBoot(old, { previous, expected: "the installer", timeout: 8000 }),
    BootError,
  );
  assertStringIncludes(error.hint, "it refuses connections: no ssh server listens on the port");
});
