/** Faults of the image's script. */
import { brokenStep } from "../broken_step.ts";
import type { Fault } from "../fault.ts";

export const KEXEC: readonly Fault[] = brokenStep({
  phase: "kexec",
  program: "the script",
  shown: /kexec\/run /,
  words: ["--phases", "kexec"],
  inInstaller: false,
  state: "booting",
  kept: true,
});
