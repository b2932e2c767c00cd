/** Faults of nixos-install and of the extra files. */
import type { Fixture } from "../../support/install/fixture.ts";
import { brokenStep } from "../broken_step.ts";
import type { Fault } from "../fault.ts";

const phase = "install";
const inInstaller = true;
const state = "installing";

/** Words that send along a folder with a file of so many bytes. */
function extraFiles(bytes: number) {
  return async (fixture: Fixture) => {
    const folder = `${fixture.sandbox.folder}/extra`;
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeFile(`${folder}/large`, new Uint8Array(bytes));
    return ["--extra-files", folder, ...fixture.words];
  };
}

export const INSTALL: readonly Fault[] = [
  ...brokenStep({
    ...{ phase, inInstaller, state },
    program: "nixos-install",
    shown: /nixos-install /,
  }),
  {
    ...{ phase, state, code: 1 },
    fault: "extra files fill the disk",
    fixture: { inInstaller, disk: "30M" },
    words: extraFiles(40_000_000),
    error: /root@127\.0\.0\.1: tar /,
    mend: ({ machine }) => machine.container.run("echo 64M >/etc/disk-size"),
  },
  {
    ...{ phase, code: 1 },
    fault: "no boot entry was written",
    // What nixos-install writes goes into a folder of the installer's.
    fixture: {
      inInstaller,
      breakpoints: { install: "mkdir -p /run/elsewhere; ln -s /run/elsewhere /mnt/boot" },
    },
    words: ["--timeout", "reboot=5"],
    error: /root@127\.0\.0\.1: the installed system would not boot: /,
    state: "installed",
  },
];
