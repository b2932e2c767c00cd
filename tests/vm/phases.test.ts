/**
 * A command a phase, on a machine that keeps running in between: through sudo and a login shell that is not POSIX, with
 * everything that goes into the system.
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { assertInstalled, assertNothingLeft, printedTimes, printTimes } from "./checks.ts";
import { type Ended, runCommand, startInBash } from "./command.ts";
import { DIGEST, digestHere, expectedList, LIST, makeExtraFiles, OWNERS } from "./extra_files.ts";
import { missingPackages } from "./images.ts";
import { countLogins } from "./logins.ts";
import { type Fixture, openFixture } from "./fixture.ts";

// No line feed at its end, and bytes that are no text.
const KEY = "two words\\000\\377";
const KEXEC = ["--reboot", "kexec"];
const KEY_DIGEST = "printf 'two words\\000\\377' | sha256sum | cut -d ' ' -f 1";

Deno.test({
  name:
    "cli.ts --phases boots through sudo from a fish login, formats with a key from a pipe, installs a flake with extra " +
    "files as they were, owners in order and kept host keys, and reboots, one by one",
  ignore: (await missingPackages()).length > 0,
  fn: async () => {
    await using fixture = await openFixture();
    const { machine } = fixture;
    const root = `root@${machine.host}`;
    const flake = ["-f", `path:${fixture.flake}#encryptedDemo`];
    const extraFiles = `${fixture.folder}/extra files`;
    await makeExtraFiles(extraFiles);
    /** Runs one phase; checks that it logged in once to each of these boots, and left nothing here. */
    const phase = async (name: string, stages: string, run: () => Promise<Ended>) => {
      const logins = await countLogins(machine);
      const ended = await run();
      const boots = (await logins()).filter(({ accepted }) => accepted.length > 0);
      printTimes(`--phases ${name}`, printedTimes(ended.output), boots);
      assertEquals(
        boots.map(({ stage, accepted }) => `${stage} ${accepted.length}`).join(),
        stages,
      );
      await assertNothingLeft(fixture);
      return ended;
    };

    const booted = await phase("kexec", "target 1,installer 1", () =>
      runCommand(fixture, [
        ...fixture.reach,
        ...["--phases", "kexec", "--kexec", fixture.images.kexecTarball, `fisher@${machine.host}`],
      ]));
    assertEquals(booted.stdout, `fisher@${machine.host}: done with kexec\n`);
    // Strictly checked: the installer shows the keys that the first system had, and lets in whom root and the user of sudo
    // let in there.
    assertEquals(
      await fixture.look("grep . /root/.ssh/authorized_keys; ls -A /root /tmp"),
      `${fixture.publicKey}\n${fixture.publicKey}\n/root:\n.ssh\n\n/tmp:`,
    );

    const formatted = await phase("disko", "installer 1", async () => {
      await using running = startInBash(
        fixture,
        `exec "$@" --disk-encryption-keys /tmp/disk-1.key <(printf '${KEY}')`,
        [...fixture.reach, "--phases", "disko", ...flake, root],
      );
      return await running.expect(0);
    });
    assertEquals(formatted.stdout, `${root}: done with disko\n`);
    const digest = await fixture.look(KEY_DIGEST);
    assertEquals(
      await fixture.look(
        "stat -c '%a %u:%g' /tmp/disk-1.key; sha256sum </tmp/disk-1.key; findmnt -no SOURCE /mnt",
      ),
      `600 0:0\n${digest}  -\n/dev/vda1`,
    );

    const [system = ""] = await fixture.build("encryptedDemo", "toplevel");
    const installed = await phase("install", "installer 1", () =>
      runCommand(fixture, [
        ...[...fixture.reach, "--phases", "install", ...flake, "--extra-files", extraFiles],
        ...OWNERS.flatMap(({ path, owner }) => ["--chown", path, owner]),
        ...["--copy-host-keys", root],
      ], { env: { NIXOS_NO_CHECK: "1" } }));
    assertEquals(installed.stdout, `${root}: ${system} is installed, the reboot is left to you\n`);
    assertMatch(installed.output, /^building here: this machine is x86_64-linux$/m);
    assertStringIncludes(installed.output, "the checks before the switch are left out");

    // What the kernel refuses is the firmware's again.
    await fixture.look("echo 1 >/proc/sys/kernel/kexec_load_disabled");
    const rebooted = await phase(
      "reboot",
      "installer 1,installed 1",
      () => runCommand(fixture, [...fixture.reach, ...["--phases", "reboot"], ...KEXEC, root]),
    );
    assertEquals(rebooted.stdout, `${root} runs ${system}\n`);
    assertMatch(
      rebooted.output,
      /^warning: .*not by kexec but by its firmware: .* not permitted$/m,
    );
    assertMatch(rebooted.output, /^reboot: by its firmware, as it could not be by kexec$/m);
    assertEquals(machine.starts, 2);
    // Strictly checked: the new system shows the key that the first one had.
    await assertInstalled(fixture, system);
    assertEquals(await fixture.look("cat /disk-key.sha256; ls /tmp"), digest);
    await assertExtraFiles(fixture, extraFiles);
    for (const { output } of [booted, formatted, installed, rebooted]) {
      assertMatch(output, /^### Connecting: done/m);
    }
  },
});

/** What was sent along lies there as it was, but for its owners, and did not replace a host key of the machine's. */
async function assertExtraFiles(fixture: Fixture, extraFiles: string): Promise<void> {
  assertEquals((await fixture.look(LIST)).split("\0").filter(Boolean).sort(), expectedList());
  assertEquals(await fixture.look(`cd /; ${DIGEST}`), await digestHere(extraFiles));
  const kept = await fixture.look(
    "cd /etc/ssh; cat ssh_host_ed25519_key.pub ssh_host_ecdsa_key.pub",
  );
  const extra = await Deno.readTextFile(`${extraFiles}/etc/ssh/ssh_host_ecdsa_key.pub`);
  assertEquals(kept, `${fixture.machine.hostKeys[0]}\n${extra.trim()}`);
  assertEquals(
    await fixture.look("stat -c %a /etc /etc/ssh /etc/ssh/ssh_host_*_key"),
    "755\n755\n600\n600",
  );
}
