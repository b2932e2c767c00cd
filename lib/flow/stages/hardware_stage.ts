/**
 * The target's hardware configuration is written to a file here, before the configuration is evaluated.
 *
 * @module
 */
import { generateHardwareConfig } from "../../steps/hardware.ts";
import { always, type Stage, withHardware } from "../stage.ts";

export const hardwareStage: Stage<"hardware"> = {
  name: "hardware",
  makes: "hardware",
  takes: { installer: always },
  needed: withHardware,
  async run({ installer }, { plan, signal }) {
    const { hardware } = plan.build;
    if (!hardware) return undefined;
    const timeout = plan.timeouts.hardware;
    await generateHardwareConfig(installer, hardware, { timeout, signal });
    return hardware;
  },
};
