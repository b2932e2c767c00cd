/**
 * The store of `/mnt` is filled, and the system installed.
 *
 * @module
 */
import { checkMounted } from "../../ssh/mounted.ts";
import { shareThere } from "../../steps/build_there.ts";
import { installTree } from "../../steps/install.ts";
import { bring } from "../bring.ts";
import { checkUnlessForced } from "../refuse.ts";
import { always, type Stage } from "../stage.ts";

export const installStage: Stage<"install"> = {
  name: "install",
  makes: "system",
  takes: { installer: always, built: always, image: always, formatted: always },
  states: { during: "installing", after: "installed" },
  needed: ({ plan }) => plan.phases.includes("install"),
  async run(given, job) {
    const { installer, built, formatted } = given;
    const { plan, inputs: { extraFiles }, nix, signal, stages } = job;
    const root = "/mnt";
    await checkUnlessForced(job, () => checkMounted(installer, { signal }));
    stages.reach("installing");
    return await stages.run("install", async () => {
      if (built.on === "remote" && formatted && built.disko !== undefined) {
        // What the disko script was built from is in the installer's own store.
        const timeout = plan.timeouts.build;
        await shareThere(installer, built.disko, { ...nix, root, timeout });
      }
      const fresh = built.on === "local" && formatted?.newStore;
      const system = await bring("system", given, job, { root, fresh });
      const { chown, copyHostKeys, noCheck } = plan.install;
      await installTree(installer, system, {
        ...{ extraFiles, chown, copyHostKeys, noCheck, signal },
        nixOptions: plan.nix.settings,
        inMemory: plan.force,
        timeout: plan.timeouts.install,
      });
      return system;
    }, signal);
  },
};
