/** The whole installation of what the target itself builds, hardware configuration first, through doas. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { run } from "./build/run.ts";
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
import { openScene } from "./scene.ts";

Deno.test({
  name:
    "cli.ts --build-on remote builds on the target, after the hardware it has found there is known to git and the flake",
  ignore: (await missingPackages()).length > 0,
  fn: async () => {
    await using scene = await openScene();
    const { machine, flake } = scene;
    const git = (...words: string[]) => run("git", ["-C", flake, ...words]);
    await git("init", "-q");
    await git("add", "--all");
    const [author, email] = ["user.name=test", "user.email=test@example.org"];
    await git("-c", author, "-c", email, "commit", "-qm", "the flake");
    const logins = await countLogins(machine);

    const { output, stdout } = await runCommand(scene, [
      ...scene.reach,
      ...["--kexec", scene.images.kexecTarball, "--flake", `${flake}#generated`],
      ...["--generate-hardware-config", "nixos-facter", `${flake}/facter.json`],
      ...["--build-on", "remote", "--copy-host-keys", `operator@${machine.host}`],
    ]);

    const boots = await logins();
    const times = printedTimes(output);
    printTimes("built on the target, through doas", times, boots);
    assertFewLogins(boots, ["target", "installer", "installed"]);
    await assertNothingLeft(scene);
    assertMatch(output, /^building on the target: as --build-on says$/m);

    const system = / runs (\/nix\/store\/\S+)$/m.exec(stdout)?.[1] ?? "";
    assertMatch(system, /-nixos-system-generated-25\.11$/);
    await assertRejects(() => Deno.lstat(system), Deno.errors.NotFound);
    await assertInstalled(scene, system);
    assertEquals(await git("status", "--porcelain"), " A facter.json\n");
    const facter = await Deno.readTextFile(`${flake}/facter.json`);
    assertEquals(JSON.parse(facter).hardware.disk[0].unix_device_names, ["/dev/vda"]);
    assertEquals(await scene.look("cat /etc/hardware"), facter.trimEnd());
    // The configuration's substituter is dead, which nix finds out again for every path unless it is left out.
    assertMatch(output, /^warning: .*the substituter http:\/\/10\.0\.2\.2:9\/ does not answer/m);
    assert(!output.includes("unable to download"), output);
  },
});
