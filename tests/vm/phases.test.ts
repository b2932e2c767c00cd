/** A command a phase, on a machine that keeps running in between; the first through a login shell that is not POSIX. */
import { assertEquals, assertMatch } from "@std/assert";
import { assertInstalled, assertNothingLeft, printedTimes, printTimes } from "./checks.ts";
import { type Ended, runCommand, startInBash } from "./command.ts";
import { missingPackages } from "./images.ts";
import { countLogins } from "./logins.ts";
import { openFixture } from "./fixture.ts";

// No line feed at its end, and bytes that are no text.
const KEY = "two words\\000\\377";
const KEXEC = ["--reboot", "kexec"];
const KEY_DIGEST = "printf 'two words\\000\\377' | sha256sum | cut -d ' ' -f 1";

Deno.test({
  name:
    "cli.ts --phases boots from a fish login, formats with a key from a pipe, installs and reboots, one by one",
  ignore: (await missingPackages()).length > 0,
  fn: async () => {
    await using fixture = await openFixture();
    const { machine } = fixture;
    const root = `root@${machine.host}`;
    const flake = ["-f", `path:${fixture.flake}#encryptedDemo`];
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
    // Strictly checked: the installer shows the keys that the first system had, and lets in whom that let in.
    assertEquals(
      await fixture.look("grep . /root/.ssh/authorized_keys; ls -A /root /tmp"),
      `${fixture.publicKey}\n/root:\n.ssh\n\n/tmp:`,
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
    const installed = await phase(
      "install",
      "installer 1",
      () => runCommand(fixture, [...fixture.reach, "--phases", "install", ...flake, root]),
    );
    assertEquals(installed.stdout, `${root}: ${system} is installed, the reboot is left to you\n`);

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
    await assertInstalled(fixture, system, { anyHostKey: true });
    assertEquals(
      await fixture.look("cat /disk-key.sha256; ls /tmp", { anyHostKey: true }),
      digest,
    );
    for (const { output } of [booted, formatted, installed, rebooted]) {
      assertMatch(output, /^### Connecting: done/m);
    }
  },
});
