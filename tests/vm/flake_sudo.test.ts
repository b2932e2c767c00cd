/**
 * The whole installation with the library: a flake, through a user with sudo, with everything that goes into the system,
 * and by kexec into it.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { nixosAnywhere, type ReportEvent } from "../../mod.ts";
import { assertFewLogins, assertInstalled, assertNothingLeft, printTimes } from "./checks.ts";
import { DIGEST, digestHere, expectedList, LIST, makeExtraFiles, OWNERS } from "./extra_files.ts";
import { missingPackages } from "./images.ts";
import { countLogins } from "./logins.ts";
import { openFixture } from "./fixture.ts";

Deno.test({
  name:
    "nixosAnywhere() installs a flake through sudo, with extra files as they were, owners in order, and kept host keys",
  ignore: (await missingPackages()).length > 0,
  fn: async () => {
    await using fixture = await openFixture();
    const { machine } = fixture;
    const extraFiles = `${fixture.folder}/extra files`;
    await makeExtraFiles(extraFiles);
    const logins = await countLogins(machine);
    const events: ReportEvent[] = [];

    const done = await fixture.within(() =>
      nixosAnywhere({
        flake: `path:${fixture.flake}#demo`,
        host: `admin@${machine.host}`,
        sshPort: machine.port,
        postKexecSshPort: machine.port,
        identityFile: fixture.identity,
        sshOptions: fixture.sshOptions,
        kexec: fixture.images.kexecTarball,
        extraFiles,
        chown: OWNERS,
        copyHostKeys: true,
        noCheck: "1",
        reboot: "kexec",
        report: (event) => void events.push(event),
      })
    );

    const boots = await logins();
    printTimes("a flake through sudo", done.times, boots);
    assertFewLogins(boots, ["target", "installer", "installed"]);
    await assertNothingLeft(fixture);
    assertEquals([done.rebooted?.seen, done.rebooted?.by], ["running", "kexec"]);
    // Three kernels, and the machine's firmware was gone through once; the last one has what its entry says, no more.
    assertEquals(new Set(boots.map(({ bootId }) => bootId)).size, 3);
    assertEquals(machine.starts, 1);
    const parameters = await fixture.look("cat /proc/cmdline");
    assertEquals(
      await fixture.look("sed -n 's/^ *APPEND //p' /boot/extlinux/extlinux.conf"),
      parameters,
    );
    assertMatch(parameters, new RegExp(` init=${done.system}/init `));
    const lines = events.map((event) =>
      event.type === "log" ? event.text : event.type === "output" ? event.line : ""
    );
    assert(lines.includes("building here: this machine is x86_64-linux"), lines.join("\n"));
    assert(lines.includes("the checks before the switch are left out"), "no NIXOS_NO_CHECK");

    const system = done.system ?? "";
    // Strictly checked: the new system shows the key that the first one had.
    await assertInstalled(fixture, system);
    assertEquals((await fixture.look(LIST)).split("\0").filter(Boolean).sort(), expectedList());
    assertEquals(await fixture.look(`cd /; ${DIGEST}`), await digestHere(extraFiles));
    const kept = await fixture.look(
      "cd /etc/ssh; cat ssh_host_ed25519_key.pub ssh_host_ecdsa_key.pub",
    );
    const extra = await Deno.readTextFile(`${extraFiles}/etc/ssh/ssh_host_ecdsa_key.pub`);
    assertEquals(kept, `${machine.hostKeys[0]}\n${extra.trim()}`);
    assertEquals(
      await fixture.look("stat -c %a /etc /etc/ssh /etc/ssh/ssh_host_*_key"),
      "755\n755\n600\n600",
    );
  },
});
