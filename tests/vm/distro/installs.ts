/**
 * Whole installations over a Debian as its packages make it. Minutes each: `deno task test:distro` runs them.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { assertInstalled, assertNothingLeft, printedTimes } from "../checks.ts";
import { type Ended, runCommand } from "../command.ts";
import { type DebianFixture, openDebian, readLogins } from "./scene.ts";

/** A login each for the work, for what is left over, and for what is looked at. */
const MOST_LOGINS = 3;

/** Prints the stages; checks that no boot was bothered with more logins than these commands take. */
async function assertCalm(
  title: string,
  fixture: DebianFixture,
  outputs: readonly Ended[],
): Promise<void> {
  const boots = await readLogins(fixture.machine);
  const times = outputs.flatMap(({ output }) =>
    Object.entries(printedTimes(output)).map(([stage, ms]) => `${stage} ${ms / 1000} s`)
  );
  const logins = boots.map(({ stage, connections, accepted }) =>
    `${stage} ${accepted.length} of ${connections} connections`
  );
  console.log(`${title}: ${times.join(", ")}; logins: ${logins.join(", ")}`);
  assertEquals(boots.map(({ stage }) => stage), ["target", "installer", "installed"]);
  for (const { stage, accepted, dropped } of boots) {
    assert(accepted.length <= MOST_LOGINS * outputs.length, `${stage}:\n${accepted.join("\n")}`);
    assertEquals(dropped, [], `${stage} shut connections out`);
  }
}

Deno.test("cli.ts installs over Debian, as the user of a cloud image with sudo, and keeps its host keys", async () => {
  await using fixture = await openDebian();
  const { machine } = fixture;
  const ended = await runCommand(fixture, [
    ...fixture.reach,
    ...["--kexec", fixture.images.kexecTarball, "-f", `path:${fixture.flake}#demo`],
    ...["--copy-host-keys", "--build-on", "local", `admin@${machine.host}`],
  ]);
  const system = /runs (\S+)\n$/.exec(ended.stdout)?.[1] ?? "";
  await assertCalm("Debian, sudo without a password", fixture, [ended]);
  await assertNothingLeft(fixture);
  await assertInstalled(fixture, system);
  assertEquals(machine.starts, 2);
});

Deno.test("cli.ts installs over Debian by password, with a sudo that asks for it, phase by phase", async () => {
  await using fixture = await openDebian();
  const { machine, debian, images } = fixture;
  const port = String(machine.port);
  const reach = [
    ...["-p", port, "--post-kexec-ssh-port", port],
    ...fixture.sshOptions.flatMap((option) => ["--ssh-option", option]),
    `clerk@${machine.host}`,
  ];
  const flake = ["-f", `path:${fixture.flake}#demo`];
  const XDG_STATE_HOME = `${fixture.folder}/state`;
  const boot = ["--phases", "kexec", "--kexec", images.kexecTarball, "--env-password", ...reach];
  const wrong = await runCommand(fixture, boot, {
    code: 1,
    env: { XDG_STATE_HOME, SSHPASS: debian.password, SUDO_PASSWORD: "not it" },
  });
  assertMatch(wrong.output, /sudo does not take the password/);
  await assertNothingLeft(fixture);

  const booted = await runCommand(fixture, boot, {
    env: { XDG_STATE_HOME, SSHPASS: debian.password },
  });
  assert(!booted.output.includes(debian.password), "the password is in the output");
  assertMatch(booted.output, /machine will boot into nixos/);
  await assertNothingLeft(fixture);

  // disko's own formats nothing that has a file system, and mounts nothing.
  const format = ["--phases", "disko", "--disko-mode", "format", ...flake, ...reach];
  const formatted = await runCommand(fixture, format, { env: { XDG_STATE_HOME } });
  assertEquals(
    await fixture.look("blkid -s LABEL -o value /dev/vda1; findmnt -no SOURCE /mnt || echo none"),
    "debian\nnone",
  );
  const rest = ["--phases", "disko,install,reboot", "--copy-host-keys", ...flake, ...reach];
  const ended = await runCommand(fixture, rest, { env: { XDG_STATE_HOME } });
  assertMatch(ended.output, /^disko \| \/dev\/vda1: 2 bytes were erased/m);
  // As a terminal would have played the backspaces.
  assertMatch(ended.output, /^disko \| Writing inode tables: done$/m);
  // The key to the installer is not the new system's.
  const end = /^(\S+) was rebooted into (\S+); it does not let this login in\n$/.exec(ended.stdout);
  await assertCalm("Debian, sudo with a password", fixture, [booted, formatted, ended]);
  await assertNothingLeft(fixture);
  await assertInstalled(fixture, end?.[2] ?? "");
});
