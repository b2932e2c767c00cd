/** The whole installation with the command: prebuilt store paths, as root, with a local image, and by kexec into the system. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  assertFewLogins,
  assertInstalled,
  assertNothingLeft,
  printedTimes,
  printTimes,
} from "./checks.ts";
import { runCommand } from "./command.ts";
import { missingPackages } from "./images.ts";
import { countLogins } from "./logins.ts";
import { openFixture } from "./fixture.ts";

Deno.test({
  name:
    "cli.ts installs store paths as root, by kexec into the system, with three logins a boot at most, and leaves nothing here",
  ignore: (await missingPackages()).length > 0,
  fn: async () => {
    await using fixture = await openFixture();
    const { machine } = fixture;
    const [disko = "", system = ""] = await fixture.build("demo", "diskoScript", "toplevel");
    const logins = await countLogins(machine);

    const { output, stdout, longestSilence } = await runCommand(fixture, [
      ...fixture.reach,
      ...["--kexec", fixture.images.kexecTarball, "-s", disko, system, "--reboot", "kexec"],
      `root@${machine.host}`,
    ]);

    const boots = await logins();
    printTimes("store paths as root", printedTimes(output), boots);
    assertFewLogins(boots, ["target", "installer", "installed"]);
    // Three kernels, and the machine's firmware was gone through once; the last one has what its entry says, no more.
    assertEquals(new Set(boots.map(({ bootId }) => bootId)).size, 3);
    assertEquals(machine.starts, 1);
    const look = (command: string) => fixture.look(command, { anyHostKey: true });
    const parameters = await look("cat /proc/cmdline");
    assertEquals(
      await look("sed -n 's/^ *APPEND //p' /boot/extlinux/extlinux.conf"),
      parameters,
    );
    assertMatch(parameters, new RegExp(` init=${system}/init `));
    assertMatch(output, /^reboot: by kexec; /m);
    await assertNothingLeft(fixture);
    assertEquals(
      [...output.matchAll(/^### ([^:\n]+)$/gm)].map(([, title]) => title),
      [
        ...["Connecting", "Looking at the target", "Uploading the kexec image"],
        ...["Booting the installer", "Formatting the disks", "Installing", "Rebooting"],
      ],
    );
    assert(longestSilence <= 15, `nothing was said for ${longestSilence} s`);
    assertMatch(output, /^kexec \| machine will boot into nixos in 6s\.\.\.$/m);
    assertMatch(output, /^nixos-install \| installation finished!$/m);
    // The key was in known_hosts, and both boots before the new system showed it.
    assertMatch(output, /host key SHA256:\S+ \(known\)$/m);
    assertEquals(stdout, `root@${machine.host} runs ${system}\n`);

    await assertInstalled(fixture, system, { anyHostKey: true });
    const [publicKey = ""] = machine.hostKeys;
    const keys = await fixture.look("cat /etc/ssh/ssh_host_*.pub; ls /root/.ssh", {
      anyHostKey: true,
    }).catch((error) => String(error));
    // Nobody asked for the old keys to be kept, nor for a key of root's.
    assert(!keys.includes(publicKey.split(" ")[1] ?? ""), keys);
    assertMatch(keys, /\.ssh.*[Nn]o such file/);
  },
});
