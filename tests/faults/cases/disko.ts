/** Faults of the disko script and of the keys that it needs. */
import { brokenStep } from "../broken_step.ts";
import type { Fault } from "../fault.ts";

const phase = "disko";
const inInstaller = true;
const state = "formatting";

export const DISKO: readonly Fault[] = [
  ...brokenStep({
    ...{ phase, inInstaller, state },
    program: "the script",
    shown: /\/nix\/store\/\S+-disko/,
  }),
  {
    ...{ phase, state: "installer", code: 1 },
    fault: "the folder of a disk key cannot be made",
    fixture: { inInstaller, installer: { setup: "mkdir /run/disk.key\n" } },
    error: /root@127\.0\.0\.1: sh .*/,
    mend: ({ machine }) => machine.container.run("rm -r /run/disk.key"),
  },
];
