/**
 * Faults of the real machine and Ctrl-C at every stage before the reboot, one after the other: each ends by itself, says what
 * happened, leaves nothing behind, here and there, and the next command goes on from there. Terraform's is the last one.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { startRelay } from "../support/relay.ts";
import { run } from "./build/run.ts";
import { assertNothingLeft } from "./checks.ts";
import { runCommand } from "./command.ts";
import { missingPackages } from "./images.ts";
import { type Fixture, openFixture } from "./fixture.ts";
import { interrupt, INTERRUPTIONS } from "./interruptions.ts";
import { installAndUpdate } from "./terraform.ts";

interface Fault {
  readonly name: string;
  readonly words: readonly string[];
  readonly code: number;
  readonly said: RegExp;
  /** Absent where the exit code says it already. */
  readonly state?: RegExp;
}

/** Runs a fault and checks how it ends; `code` and words are the whole difference between them. */
async function fail(fixture: Fixture, { name, words, code, said, state }: Fault): Promise<void> {
  const began = performance.now();
  const { output } = await runCommand(fixture, [
    ...words,
    ...fixture.reach,
    `root@${fixture.machine.host}`,
  ], { code });
  console.log(
    `${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${name}: exit ${code}`,
  );
  assertMatch(output, said, name);
  assertMatch(output, /^hint: \S/m, name);
  if (state) assertMatch(output, state, name);
  else assert(!/^state: /m.test(output), `${name}: exit code 2 says it already`);
  await assertNothingLeft(fixture);
  const there = await fixture.look("ls -d /root/nixos-anywhere.* 2>/dev/null || echo nothing");
  assertStringIncludes(there, "nothing", name);
}

/** The words that bring the command to the machine by way of a relay, whose port the known_hosts file learns. */
async function through(fixture: Fixture, relayPort: number): Promise<string[]> {
  const { host, hostKeys } = fixture.machine;
  const known = hostKeys.map((key) => `[${host}]:${relayPort} ${key}\n`).join("");
  await Deno.writeTextFile(fixture.knownHosts, known, { append: true });
  return ["-p", String(relayPort)];
}

/** An image whose script fails; nothing else of it is looked at. */
async function imageThatFails(fixture: Fixture): Promise<string> {
  const folder = `${fixture.folder}/image`;
  await Deno.mkdir(`${folder}/kexec`, { recursive: true });
  for (const name of ["kexec", "ip", "bzImage", "initrd"]) {
    await Deno.writeTextFile(`${folder}/kexec/${name}`, "\n", { mode: 0o755 });
  }
  const script = "#!/bin/sh\necho no kernel >&2\nexit 3\n";
  await Deno.writeTextFile(`${folder}/kexec/run`, script, { mode: 0o755 });
  await run("tar", ["-czf", `${fixture.folder}/fails.tar.gz`, "-C", folder, "kexec"]);
  return `${fixture.folder}/fails.tar.gz`;
}

async function faultsOfTheTarget(fixture: Fixture): Promise<void> {
  const image = fixture.images.kexecTarball;
  const kexec = ["--phases", "kexec", "--kexec"];
  const whole = await Deno.readFile(image);
  const half = `${fixture.folder}/half.tar.gz`;
  await Deno.writeFile(half, whole.subarray(0, whole.length / 2));
  const elsewhere = `${fixture.folder}/elsewhere`;
  await run("cp", ["-R", fixture.flake, elsewhere]);
  const text = await Deno.readTextFile(`${elsewhere}/flake.nix`);
  await Deno.writeTextFile(`${elsewhere}/flake.nix`, text.replaceAll("/dev/vda", "/dev/vdz"));
  const faults: readonly Fault[] = [
    {
      name: "image truncated",
      words: [...kexec, half],
      code: 2,
      said: /damaged or cut off/,
    },
    {
      name: "wrong checksum",
      words: [...kexec, image, "--kexec-sha256", "0".repeat(64)],
      code: 2,
      said: /its SHA-256 is [0-9a-f]{64}, not 0{64}/,
    },
    {
      name: "a configured disk is missing",
      words: ["-f", `path:${elsewhere}#demo`, "--kexec", image],
      code: 3,
      said: /there is no disk \/dev\/vdz: it has \/dev\/vda/,
      state: /^state: (nothing was changed|an unpacked kexec image may be left)/m,
    },
    {
      name: "the image's script fails",
      words: [...kexec, await imageThatFails(fixture)],
      code: 1,
      said: /kexec \| no kernel[^]*failed with exit code 3/,
      state: /^state: the target may be booting the installer/m,
    },
  ];
  for (const fault of faults) await fail(fixture, fault);
  const { host, port } = fixture.machine;
  const state = /^state: an unpacked kexec image may be left/m;
  await using cutting = await startRelay({ to: { host, port }, cutAfterBytes: 2_345_678 });
  const cut = [...kexec, image, ...await through(fixture, cutting.port)];
  await failAt(fixture, {
    name: "connection cut",
    words: cut,
    code: 1,
    said: /the connection was lost/,
    state,
  });
  await using freezing = await startRelay({ to: { host, port }, freezeAfterBytes: 3_456_789 });
  const frozen = [
    ...kexec,
    image,
    "--timeout",
    "image=5",
    ...await through(fixture, freezing.port),
  ];
  await failAt(fixture, {
    name: "connection frozen",
    words: frozen,
    code: 1,
    said: /did not end within 5 s/,
    state,
  });
}

/** As {@linkcode fail}, with the port of the words in place of the machine's; what lies there is not looked at. */
async function failAt(fixture: Fixture, { name, words, code, said, state }: Fault): Promise<void> {
  const reach = [
    "-i",
    fixture.identity,
    ...fixture.sshOptions.flatMap((one) => ["--ssh-option", one]),
  ];
  const { output } = await runCommand(
    fixture,
    [...words, ...reach, `root@${fixture.machine.host}`],
    {
      code,
    },
  );
  console.log(`          ${name}: exit ${code}`);
  assertMatch(output, said, name);
  if (state) assertMatch(output, state, name);
  await assertNothingLeft(fixture);
}

async function faultsOfTheInstaller(
  fixture: Fixture,
  disko: string,
  system: string,
): Promise<void> {
  await Deno.writeTextFile(`${fixture.folder}/fails`, "#!/bin/sh\necho no disk >&2\nexit 3\n", {
    mode: 0o755,
  });
  const env = { env: fixture.variables };
  const failing = (await run("nix-store", ["--add", `${fixture.folder}/fails`], env)).trim();
  await fail(fixture, {
    name: "the disko script fails",
    words: ["--phases", "disko", "-s", failing, system],
    code: 1,
    said: /disko \| no disk[^]*failed with exit code 3/,
    state: /^state: the target runs the installer; its disks may be partly formatted$/m,
  });
  const { host, port } = fixture.machine;
  await using freezing = await startRelay({ to: { host, port }, freezeAfterBytes: 20_000_000 });
  const reach = await through(fixture, freezing.port);
  await failAt(fixture, {
    name: "connection frozen while the closure is copied",
    words: ["--phases", "disko,install", "-s", disko, system, "--timeout", "copy=20", ...reach],
    code: 1,
    said: /^error: root@127\.0\.0\.1: /m,
    state: /^state: the target runs the installer; the new system may be partly installed$/m,
  });
}

Deno.test({
  name:
    "cli.ts survives faults of the real machine, ends with 130 at once when interrupted at any stage, leaves nothing here, " +
    "and Terraform's programs go on from there: they install, update and go back",
  ignore: (await missingPackages()).length > 0,
  fn: async (t) => {
    await using fixture = await openFixture();
    const { machine, images } = fixture;
    const [disko = "", system = ""] = await fixture.build("demo", "diskoScript", "toplevel");
    const words = [
      ...fixture.reach,
      ...["--kexec", images.kexecTarball, "-s", disko, system, "--debug"],
      `root@${machine.host}`,
    ];
    await t.step("faults of the target", () => faultsOfTheTarget(fixture));
    for (const interruption of INTERRUPTIONS) {
      if (interruption.stage === "disko") {
        await t.step("faults of the installer", () => faultsOfTheInstaller(fixture, disko, system));
      }
      await t.step(`Ctrl-C: ${interruption.stage}`, () => interrupt(fixture, words, interruption));
    }
    await t.step("Terraform's programs", () => installAndUpdate(fixture, { disko, system }));
    assertEquals(machine.starts, 2);
  },
});
