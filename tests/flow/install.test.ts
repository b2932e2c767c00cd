import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { PlanEvent } from "../../lib/report/plan_event.ts";
import { type ReportEvent, storePath } from "../../mod.ts";
import { validEvents } from "../support/events.ts";
import { fingerprint } from "../support/loopback/mod.ts";
import { ignore } from "../ssh/fixture.ts";
import { buildParts, writeFlake } from "../support/install/parts.ts";
import { Fixture } from "../support/install/fixture.ts";

const parts = ignore ? { disko: "", system: "" } : await buildParts();
const LOGINS = ["0 root publickey", "1 root publickey", "2 root publickey"];

Deno.test("the command installs store paths, with a login for each boot", { ignore }, async () => {
  await using fixture = await Fixture.open({ parts });
  const { code, stdout, stderr } = await fixture.run(fixture.words);
  assertEquals([code, stdout], [0, `root@127.0.0.1 runs ${parts.system}\n`], stderr);
  assertEquals(await fixture.machine.logins(), LOGINS);
  assertEquals(await fixture.sandbox.left(), []);
});

Deno.test("the command installs a flake and puts the new host keys into known_hosts", {
  ignore,
}, async () => {
  await using fixture = await Fixture.open({ parts });
  const { sandbox, machine, relay } = fixture;
  const known = `${sandbox.folder}/known_hosts`;
  const name = `[127.0.0.1]:${relay.port}`;
  const [key] = machine.container.hostKeys;
  await Deno.writeTextFile(known, `${name} ${key!.publicKey}\nother ssh-ed25519 AAAA\n`);
  const words = [
    ...["--json", "--kexec", fixture.image, "--flake", await writeFlake(`${sandbox.folder}/flake`)],
    ...["--copy-host-keys", "--update-known-hosts", "--build-on", "local", ...fixture.reach],
  ];
  await assertDryRun(fixture, words);
  const { code, stdout, stderr } = await fixture.run(words);
  assertEquals(code, 0, stderr);
  const events = await validEvents(stdout);
  const said = events.flatMap((event) => event.type === "log" ? [event.text] : []);
  const shown = `ssh-ed25519 ${await fingerprint(key!.publicKey)}`;
  assert(said.includes("WILL BE WIPED: /dev/target0"), stdout);
  assert(said.includes(`host key of the new system: ${shown}`), stdout);
  const plans = events.flatMap((event) => event.type === "plan" ? [event.checked] : []);
  assertEquals([events[0]?.type, ...plans], ["plan", false, true]);
  const { time: _, times, ...result } = events.at(-1) as Extract<ReportEvent, { type: "result" }>;
  assertEquals(result, {
    ...{ host: "root@127.0.0.1", type: "result", version: 1, dryRun: false },
    phases: ["kexec", "disko", "install", "reboot"],
    system: storePath(parts.system),
    rebooted: {
      ...{ seen: "running", by: "firmware", hostKeys: [key!.publicKey] },
      system: storePath(parts.system),
    },
  });
  assertEquals(Object.keys(times).sort(), [
    ...["build", "connect", "disko", "evaluate", "facts", "image", "install", "kexec", "reboot"],
  ]);
  assertEquals(
    await Deno.readTextFile(known),
    `other ssh-ed25519 AAAA\n${name} ${key!.publicKey}\n`,
  );
  assertEquals(await sandbox.left(), []);
});

/** What would be done is told whole, and nothing of it is done. */
async function assertDryRun(fixture: Fixture, words: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await fixture.run(["--dry-run", ...words]);
  assertEquals(code, 0, stderr);
  const events = await validEvents(stdout);
  const plan = events.findLast(({ type }) => type === "plan") as PlanEvent;
  assertEquals([plan.checked, plan.kexec, plan.build?.on], [true, true, "local"]);
  assertEquals(plan.facts?.user, "root");
  assertEquals(plan.disks?.map(({ name, fate }) => [name, fate]), [["/dev/target0", "wiped"]]);
  const { builds, fetches, closure, imageBytes } = plan.work ?? {};
  // The parts were built by an earlier line of this file, by other derivations or by these.
  assert(builds !== undefined && fetches === 0, stdout);
  assert(builds > 0 ? closure === undefined : closure!.bytes > 3_000_000 && closure!.paths > 2);
  assertEquals(imageBytes, (await Deno.stat(fixture.image)).size);
  assertEquals(await fixture.machine.logins(), ["0 root publickey"]);
}

Deno.test(
  "--phases runs each phase by itself, and the next command goes on",
  { ignore },
  async () => {
    await using fixture = await Fixture.open({ parts });
    let said = "";
    const run = async (phases: string, ...more: string[]) => {
      const words = ["--phases", phases, ...more, ...fixture.words];
      const { code, stdout, stderr } = await fixture.run(words);
      assertEquals(code, 0, stderr);
      said = stderr;
      return stdout;
    };
    assertEquals(await run("kexec"), "root@127.0.0.1: done with kexec\n");
    assertEquals(await run("disko"), "root@127.0.0.1: done with disko\n");
    assertEquals(
      await run("install"),
      `root@127.0.0.1: ${parts.system} is installed, the reboot is left to you\n`,
    );
    const runs = `root@127.0.0.1 runs ${parts.system}\n`;
    assertEquals(await run("reboot", "--reboot", "kexec"), runs);
    // Just what the entry says that nixos-install has left.
    const commands = await fixture.machine.containers[1]!.commands();
    assertEquals(commands.filter((line) => /^(kexec|reboot) /.test(line)), [
      "kexec --load --kexec-syscall-auto /mnt/boot/kernel --initrd=/mnt/boot/initrd " +
      `--command-line=init=${parts.system}/init`,
      "kexec --exec",
    ]);
    assertMatch(said, /^reboot: by kexec, past firmware and boot loader$/m);
    assertMatch(said, /^reboot: by kexec; its firmware and boot loader start it the next time$/m);
    assertEquals(await fixture.sandbox.left(), []);
  },
);

Deno.test(
  "--reboot kexec is told before the disks and at the end where the firmware has to do it",
  {
    ignore,
  },
  async () => {
    const kexec =
      "#!/bin/sh\necho 'kexec_file_load failed: Operation not permitted' >&2\nexit 255\n";
    const files = { "/usr/sbin/kexec": { text: kexec, mode: 0o755 } };
    const installer = { kexec: "disabled", files } as const;
    await using fixture = await Fixture.open({ parts, inInstaller: true, installer });
    const { code, stdout, stderr } = await fixture.run(["--reboot", "kexec", ...fixture.words]);
    assertEquals([code, stdout], [0, `root@127.0.0.1 runs ${parts.system}\n`], stderr);
    assertEquals(await fixture.machine.containers[0]!.signals(), ["reboot"]);
    const order = [
      /^warning: .*will be started by its firmware, not by kexec: its kernel does not load another/m,
      /^### Formatting the disks$/m,
      /^kexec \| kexec_file_load failed: Operation not permitted$/m,
      /^warning: .*: not by kexec but by its firmware: .* loaded: kexec_file_load failed: Operation not/m,
      /^reboot: by its firmware, as it could not be by kexec$/m,
    ].map((words) => stderr.search(words));
    assert(!order.includes(-1), stderr);
    assertEquals(order, order.toSorted((a, b) => a - b));
    assertEquals(await fixture.sandbox.left(), []);
  },
);

Deno.test("--force goes on where the checks would end, and says so", { ignore }, async () => {
  await using fixture = await Fixture.open({ parts, target: { kexec: "disabled" } });
  const words = ["--phases", "kexec", ...fixture.words];
  assertEquals((await fixture.run(words)).code, 3);
  const { code, stderr } = await fixture.run(["--force", ...words]);
  assertEquals(code, 0, stderr);
  assertMatch(stderr, /^warning: .*kexec is not possible: .*: going on, as --force says$/m);
});

Deno.test("the same command finds the installer again: another port, root and not the sudo user", {
  ignore,
}, async () => {
  const stop = "echo it is broken >&2; exit 3";
  await using fixture = await Fixture.open({
    parts,
    breakpoints: { disko: stop },
    target: { rootLogin: false },
    otherPort: true,
  });
  const { sandbox, machine, image, otherPort } = fixture;
  const words = [
    ...["--kexec", image, "-s", parts.disko, parts.system, "--copy-host-keys"],
    ...["-p", `${machine.port}`, "--post-kexec-ssh-port", `${otherPort}`],
    ...["--known-hosts", `${sandbox.folder}/known_hosts`, "admin@127.0.0.1"],
  ];
  const first = await fixture.run(words);
  assertEquals(first.code, 1, first.stderr);
  const kept = `state/nixos-anywhere/127%2E0%2E0%2E1%3A${otherPort}.json`;
  assertEquals(await sandbox.left(), [kept]);
  const { mode = 0 } = await Deno.stat(`${sandbox.folder}/${kept}`);
  assertEquals(mode! & 0o777, 0o600);
  const { code, stderr } = await fixture.run(words);
  assertEquals(code, 0, stderr);
  assertMatch(stderr, /: trying the installer that an earlier run has booted there$/m);
  const logins = ["0 admin publickey", "1 root publickey", "1 root publickey", "2 root publickey"];
  assertEquals(await machine.logins(), logins);
  assertEquals(await sandbox.left(), []);
  assert(!stderr.includes("Uploading"));
});

for (const [what, seen] of [["cut", "running"], ["freeze", "silent"]] as const) {
  Deno.test(
    `a connection's ${what} while the machine reboots is no failure`,
    { ignore },
    async () => {
      await using fixture = await Fixture.open({
        parts,
        inInstaller: true,
        breakpoints: { reboot: "sleep 1" },
      });
      const { sandbox, relay } = fixture;
      const running = fixture.start(["--timeout", "reboot=6", ...fixture.words]);
      await fixture.at("reboot", running);
      relay[what]();
      const { code, stdout, stderr, hung } = await running.end;
      assertEquals([code, hung], [0, false], stderr);
      assertEquals(await sandbox.left(), []);
      if (seen === "running") {
        assertEquals(stdout, `root@127.0.0.1 runs ${parts.system}\n`);
      } else {
        assertStringIncludes(
          stdout,
          `was told to reboot into ${parts.system}, and has not`,
        );
        assertMatch(stderr, /^state: .*may be rebooting into it$/m);
      }
    },
  );
}
