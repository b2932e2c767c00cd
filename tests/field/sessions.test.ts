/** Servers that grant few sessions a connection: commands wait for each other, and nothing fails of it. */
import { assertEquals, assertRejects } from "@std/assert";
import { ConnectionError } from "../../lib/errors.ts";
import { becomeRoot } from "../../lib/plan/facts.ts";
import { getFacts } from "../../lib/ssh/get_facts.ts";
import { login } from "../ssh/fixture.ts";
import { type ContainerOptions, PASSWORD, startContainer } from "../support/loopback/mod.ts";
import { attempt, condition, usual } from "./condition.ts";

const granting = (sessions: number): ContainerOptions => ({
  sshdConfig: [`MaxSessions ${sessions}`],
});

for (const sessions of [1, 2, 3, 4]) {
  condition("sshd", `MaxSessions ${sessions} on both systems`, async () => {
    const both = granting(sessions);
    const { code, stderr } = await attempt({ target: both, installer: both, installed: both });
    assertEquals(code, 0, stderr);
    assertEquals(/warning: .*/.exec(stderr)?.[0], undefined);
  });
}

for (const sessions of [1, 2]) {
  condition("sshd", `MaxSessions ${sessions} and many commands at once`, async () => {
    await using container = await startContainer(granting(sessions));
    await using target = await login(container);
    const count = 6;
    const inputs = Array.from({ length: count }, (_, index) => `${index} `.repeat(50_000));
    const answers = await Promise.all(
      inputs.map((input) =>
        target.pipe(new Blob([input]).stream(), ["sh", "-c", "sleep 0.1; cat"])
      ),
    );
    assertEquals(answers.map(({ stdout }) => stdout), inputs);
    // A login without a command of its own, where the first one's took the only session.
    assertEquals((await container.logins()).length, sessions === 1 ? 2 : 1);
  });

  condition("sshd", `MaxSessions ${sessions} and sudo with a password`, async () => {
    await using container = await startContainer(granting(sessions));
    await using target = await login(container, "pwuser", { password: PASSWORD });
    const facts = await getFacts(target, { sudoPassword: () => Promise.resolve(PASSWORD) });
    const become = becomeRoot(facts);
    for (let time = 0; time < 2; time++) {
      const { stdout } = await target.pipe("payload", ["sh", "-c", "id -un; cat"], { become });
      assertEquals(stdout, "root\npayload");
    }
  });
}

condition("sshd", "ends the connection after one command, as tinysshd: told as that", async () => {
  await using container = await startContainer({
    sshdConfig: [
      "MaxSessions 1",
      // When the command's exit code has been told.
      'ForceCommand sh -c "$SSH_ORIGINAL_COMMAND"; { sleep 0.3; kill $PPID; } >/dev/null 2>&1 &',
    ],
  });
  await using target = await login(container);
  assertEquals((await target.run(["echo", "one"])).stdout, "one\n");
  while (!target.ended) await new Promise((resolve) => setTimeout(resolve, 20));
  await assertRejects(
    () => target.run(["echo", "two"]),
    ConnectionError,
    "its ssh server ends each connection after one command",
  );
});

condition("sshd", "MaxSessions 1 where a password is given", async () => {
  const users = { root: { password: true, keys: "none" } } as const;
  const { code, stderr, logins } = await attempt(
    { target: { ...granting(1), users } },
    (fixture) => ["--env-password", "--dry-run", ...usual(fixture)],
    { SSHPASS: PASSWORD, SSH_PRIVATE_KEY: "" },
  );
  assertEquals(code, 0, stderr);
  assertEquals(logins, ["0 root password", "0 root password"]);
});

condition("sshd", "MaxSessions 1, and this process is killed", async () => {
  await using container = await startContainer(granting(1));
  const { host, port, identityFile } = container;
  const module = new URL("../../lib/steps/connect.ts", import.meta.url);
  const options = JSON.stringify({ port, identityFile, hostKey: "off" });
  const code = `import { connect } from ${JSON.stringify(module.href)};
    const target = await connect("plain@${host}", ${options});
    await target.run(["true"]);
    console.log("in");
    setTimeout(() => {}, 60_000);`;
  // What it leaves here it cannot remove.
  const folder = await Deno.makeTempDir();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", code],
    env: { TMPDIR: folder },
    ...{ stdin: "null", stdout: "piped" },
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  await reader.cancel();
  child.kill("SIGKILL");
  await child.status;
  const there = async () => (await container.run("ps -eo args")).stdout.includes("sshd: plain");
  for (let tries = 0; await there() && tries < 200; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assertEquals(await there(), false);
  await Deno.remove(folder, { recursive: true });
});
