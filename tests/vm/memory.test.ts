/** A machine whose memory, which is its root file system too, cannot hold the image. */
import { assertMatch, assertStringIncludes } from "@std/assert";
import { assertNothingLeft } from "./checks.ts";
import { runCommand } from "./command.ts";
import { missingPackages } from "./images.ts";
import { openScene } from "./scene.ts";

Deno.test({
  name: "the command ends in order when the target's memory is full",
  ignore: (await missingPackages()).length > 0,
  fn: async () => {
    await using scene = await openScene({ memoryMiB: 512 });
    const { machine, images } = scene;
    // All but a few megabytes: this system's files are in memory.
    await scene.look(
      "free=$(sed -n 's/^MemAvailable: *\\([0-9]*\\) kB$/\\1/p' /proc/meminfo); " +
        "mkdir -p /full; mount -t tmpfs -o size=100% tmpfs /full; " +
        "head -c $(( (free - 60000) * 1024 )) /dev/zero > /full/file",
    );
    const words = ["--phases", "kexec", "--kexec", images.kexecTarball, "--timeout", "image=60"];
    const { output } = await runCommand(scene, [...words, ...scene.reach, `root@${machine.host}`], {
      code: 1,
    });
    assertMatch(output, /^error: .*root@127\.0\.0\.1/m);
    assertMatch(output, /^hint: \S/m);
    // Whichever program needs the last of it is ended by the kernel: tar, or the one that loads the kernel.
    assertMatch(
      output,
      /^state: (an unpacked kexec image may be left on the target|the target may be)/m,
    );
    await assertNothingLeft(scene);
    // It lives, and has its memory back.
    const there = await scene.look("ls -d /root/nixos-anywhere.* 2>/dev/null || echo nothing");
    assertStringIncludes(there, "nothing");
  },
});
