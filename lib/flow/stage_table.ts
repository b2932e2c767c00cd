/**
 * The table of stages: an install, in the order in which a reader thinks of it. What really overlaps follows from what
 * each takes.
 *
 * @module
 */
import type { Stage, StageName } from "./stage.ts";
import { buildStage } from "./stages/build_stage.ts";
import { checkStage } from "./stages/check_stage.ts";
import { connectStage } from "./stages/connect_stage.ts";
import { diskoStage } from "./stages/disko_stage.ts";
import { evaluateStage } from "./stages/evaluate_stage.ts";
import { factsStage } from "./stages/facts_stage.ts";
import { hardwareStage } from "./stages/hardware_stage.ts";
import { imageStage } from "./stages/image_stage.ts";
import { installStage } from "./stages/install_stage.ts";
import { kexecStage } from "./stages/kexec_stage.ts";
import { rebootStage } from "./stages/reboot_stage.ts";

export const STAGES: { readonly [N in StageName]: Stage<N> } = {
  connect: connectStage,
  facts: factsStage,
  evaluate: evaluateStage,
  build: buildStage,
  check: checkStage,
  image: imageStage,
  kexec: kexecStage,
  hardware: hardwareStage,
  disko: diskoStage,
  install: installStage,
  reboot: rebootStage,
};
