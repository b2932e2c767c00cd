/** Servers that grant few sessions a connection: commands wait for each other, and nothing fails of it. */
import { assertEquals } from "@std/assert";
import { getFacts } from "../../lib/ssh/facts.ts";
import { login } from "../ssh/fixture.ts";
import { type BoxOptions, PASSWORD, startBox } from "../loopback/mod.ts";
import { attempt, condition, usual } from "./condition.ts";

const granting = (sessions: number): BoxOptions => ({ sshdConfig: [`MaxSessions ${sessions}`] });

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
    await using box = await startBox(granting(sessions));
    await using target = await login(box);
    const count = 6;
    const inputs = Array.from({ length: count }, (_, index) => `${index} `.repeat(50_000));
    const answers = await Promise.all(
      inputs.map((input) =>
        target.pipe(new Blob([input]).stream(), ["sh", "-c", "sleep 0.1; cat"])
      ),
    );
    assertEquals(answers.map(({ stdout }) => stdout), inputs);
    // A login without a command of its own, where the first one's took the only session.
    assertEquals((await box.logins()).length, sessions === 1 ? 2 : 1);
  });

  condition("sshd", `MaxSessions ${sessions} and sudo with a password`, async () => {
    await using box = await startBox(granting(sessions));
    await using target = await login(box, "pwuser", { password: PASSWORD });
    const facts = await getFacts(target, { sudoPassword: () => Promise.resolve(PASSWORD) });
    const { becomeRoot } = await import("../../lib/plan/facts.ts");
    const become = becomeRoot(facts);
    for (let time = 0; time < 2; time++) {
      const { stdout } = await target.pipe("payload", ["sh", "-c", "id -un; cat"], { become });
      assertEquals(stdout, "root\npayload");
    }
  });
}

condition("sshd", "MaxSessions 1 where a password is given", async () => {
  const users = { root: { password: true, keys: "none" } } as const;
  const { code, stderr } = await attempt(
    { target: { ...granting(1), users }, installer: granting(1) },
    (scene) => ["--env-password", ...usual(scene)],
    { SSHPASS: PASSWORD, SSH_PRIVATE_KEY: "" },
  );
  assertEquals(code, 0, stderr);
});
