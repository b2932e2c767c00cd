/**
 * What the target is, and whether it can be installed this way at all.
 *
 * @module
 */
import { doubts, objections } from "../../plan/preflight.ts";
import { getFacts } from "../../ssh/get_facts.ts";
import { refuseUnlessForced } from "../refuse.ts";
import { always, type Stage } from "../stage.ts";

export const factsStage: Stage<"facts"> = {
  name: "facts",
  makes: "facts",
  takes: { target: always },
  async run({ target }, job) {
    const { plan, options, report, signal } = job;
    const { sudoPassword } = options;
    const { connect: timeout } = plan.timeouts;
    const ask = () => getFacts(target, { sudoPassword, timeout, signal });
    const facts = await job.stages.run("facts", ask, signal);
    const { image } = plan.kexec;
    const size = image?.kind === "file" ? (await Deno.stat(image.location)).size : undefined;
    for (const one of objections(plan, facts, target.label, size)) refuseUnlessForced(job, one);
    for (const text of doubts(plan, facts, target.label, size)) {
      report({ type: "log", level: "warning", text });
    }
    return facts;
  },
};
