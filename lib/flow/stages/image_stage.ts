/**
 * The kexec image is brought to the target. Where nobody is asked it need not wait for the evaluation: nothing is booted
 * before the plan was shown.
 *
 * @module
 */
import { needsKexec } from "../../plan/preflight.ts";
import { discardKexec } from "../../steps/kexec/discard.ts";
import { uploadKexec } from "../../steps/kexec/upload.ts";
import { always, type Stage } from "../stage.ts";

export const imageStage: Stage<"image"> = {
  name: "image",
  makes: "image",
  takes: {
    target: always,
    facts: always,
    confirmation: ({ options }) => options.confirm !== undefined,
  },
  states: { during: "image", after: "image" },
  async run({ target, facts }, { plan, signal, stack, stages }) {
    if (!needsKexec(plan, facts)) return undefined;
    const { image, sha256 } = plan.kexec;
    const timeout = plan.timeouts.image;
    const uploaded = await uploadKexec(target, { image, sha256, facts, timeout, signal });
    // A build may still fail, or someone may end the job, before it is booted.
    stack.defer(async () => {
      if (stages.state === "image") await discardKexec(target, uploaded).catch(() => {});
    });
    return uploaded;
  },
};
