/**
 * The disks are formatted and mounted: those that were shown, and no others.
 *
 * @module
 */
import { runDiskoScript } from "../../steps/disko.ts";
import { checkOwners } from "../../steps/owners.ts";
import { bring } from "../bring.ts";
import { checkUnlessForced } from "../refuse.ts";
import { always, type Stage } from "../stage.ts";

export const diskoStage: Stage<"disko"> = {
  name: "disko",
  makes: "formatted",
  takes: { installer: always, built: always, image: always },
  states: { during: "formatting", after: "formatted" },
  needed: ({ plan }) => plan.phases.includes("disko"),
  async run(given, job) {
    const { installer } = given;
    const { inputs: { keys }, guard, plan, signal } = job;
    const chown = plan.phases.includes("install") ? plan.install.chown : [];
    return await job.stages.run("disko", async () => {
      await checkUnlessForced(job, () => checkOwners(installer, chown, { signal }));
      const script = await bring("disko", given, job);
      const passphrase = await guard.release(installer, script);
      const { source } = plan;
      const mounts = source.kind === "flake" && source.diskoScript.startsWith("mount");
      return await runDiskoScript(installer, script, {
        ...{ keys, passphrase, mounts, timeout: plan.timeouts.disko, signal },
      });
    }, signal);
  },
};
