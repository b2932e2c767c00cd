import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { InterruptedError } from "../../lib/errors.ts";
import { nixosAnywhere } from "../../lib/flow/flow.ts";
import { run } from "../../lib/process.ts";
import { STATES } from "../../lib/report/states.ts";
import type { ReportEvent } from "../../lib/report/events.ts";
import { ignore } from "../ssh/fixture.ts";
import { buildParts, writeFlake } from "../support/install/parts.ts";
import { Fixture } from "../support/install/fixture.ts";

const parts = ignore ? { disko: "", system: "" } : await buildParts();

/** Runs `work` with variables of the user whose place it is. */
async function asUser(fixture: Fixture, work: () => Promise<void>): Promise<void> {
  const before = Deno.env.toObject();
  for (const [name, value] of Object.entries(fixture.sandbox.env)) Deno.env.set(name, value);
  try {
    await work();
  } finally {
    for (const name of Object.keys(fixture.sandbox.env)) {
      if (before[name] === undefined) Deno.env.delete(name);
      else Deno.env.set(name, before[name]);
    }
  }
  // The machine's next system was prepared meanwhile, with our variables.
  const left = (await fixture.sandbox.left()).filter((name) => !name.startsWith("box-"));
  assertEquals(left, []);
}

Deno.test("nixosAnywhere() tells each stage and each state, and returns what came of it", {
  ignore,
}, async () => {
  await using fixture = await Fixture.open({ parts });
  await asUser(fixture, async () => {
    const events: ReportEvent[] = [];
    const report = (event: ReportEvent) => void events.push(event);
    let roots = "";
    const { times, ...rest } = await nixosAnywhere({
      ...fixture.by("relay"),
      storePaths: parts,
      copyHostKeys: true,
      report,
      after: {
        disko: async () => {
          roots = (await run(["nix-store", "--query", "--roots", parts.system])).stdout;
        },
      },
    });
    assertMatch(roots, /\/nixos-anywhere-\w+\/kept/, "the collector may take the system");
    const [key] = fixture.machine.container.hostKeys;
    assertEquals<unknown>(rest, {
      host: "root@127.0.0.1",
      phases: ["kexec", "disko", "install", "reboot"],
      system: parts.system,
      rebooted: {
        ...{ seen: "running", by: "firmware", hostKeys: [key?.publicKey] },
        system: parts.system,
      },
    });
    const states = events.flatMap((event) => event.type === "state" ? [event.text] : []);
    assertEquals(states, Object.values(STATES));
    const done = events.flatMap((event) =>
      event.type === "stage" && event.state === "done" ? [event.stage] : []
    );
    const stages = ["connect", "facts", "image", "kexec", "disko", "install", "reboot"];
    assertEquals([...done].sort(), [...stages].sort());
    assertEquals(Object.keys(times).sort(), [...stages].sort());
  });
});

/** Every file of a container that a run could change, with mode, size and time. */
async function listing({ machine }: Fixture): Promise<string> {
  const look = "find /root /home /etc /tmp /var/tmp /usr/local /mnt /nix -printf '%p %m %s %T@\\n'";
  const { stdout } = await machine.container.run(`${look} | sort`);
  assert(stdout.includes("/root/.ssh/authorized_keys"));
  return stdout;
}

Deno.test("nixosAnywhere() changes nothing in a dry run, not even a key", { ignore }, async () => {
  await using fixture = await Fixture.open({ parts });
  await asUser(fixture, async () => {
    const before = await listing(fixture);
    const flake = await writeFlake(`${fixture.sandbox.folder}/flake`);
    const lines: string[] = [];
    const { phases } = await nixosAnywhere({
      ...fixture.by("relay"),
      flake,
      dryRun: true,
      report: (event) => void (event.type === "log" && lines.push(event.text)),
    });
    assertEquals(phases, []);
    assertEquals(await listing(fixture), before);
    assert(lines.some((line) => line.includes("/dev/target0")), lines.join("\n"));
    assertEquals(await fixture.machine.container.commands(), []);
  });
});

Deno.test("nixosAnywhere() stops when it is not confirmed, and nothing is changed", {
  ignore,
}, async () => {
  await using fixture = await Fixture.open({ parts });
  await asUser(fixture, async () => {
    const before = await listing(fixture);
    let asked = 0;
    const confirm = (about: { host: string; kexec: boolean }) => {
      assertEquals([about.host, about.kexec], ["root@127.0.0.1", true]);
      asked++;
      return Promise.resolve(false);
    };
    const all = { ...fixture.by("relay"), storePaths: parts, confirm };
    await assertRejects(() => nixosAnywhere(all), InterruptedError, "not confirmed");
    assertEquals([asked, await listing(fixture)], [1, before]);
  });
});
