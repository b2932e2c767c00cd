/**
 * The installer: booted by kexec, or running already. Its nix knows the configuration's substituters.
 *
 * @module
 */
import { becomeRootSession } from "../../steps/access.ts";
import { bootInstaller } from "../../steps/kexec/run_kexec.ts";
import { arrangeBoot } from "../../steps/kexec/arrange.ts";
import { addSubstituters, useSubstituters } from "../../steps/substituters.ts";
import { substitutersOf } from "../made.ts";
import { refuseUnlessForced } from "../refuse.ts";
import { always, type Stage, withoutHardware } from "../stage.ts";

export const kexecStage: Stage<"kexec"> = {
  name: "kexec",
  makes: "installer",
  takes: {
    target: always,
    facts: always,
    image: always,
    confirmation: always,
    evaluated: withoutHardware,
    // It is booted only when the build has succeeded.
    built: withoutHardware,
  },
  states: { during: "booting", after: "installer" },
  async run({ target, facts, image, evaluated, built }, job) {
    const { plan, guard, signal, stack, stages } = job;
    await guard.ask(built);
    const substituters = substitutersOf(plan, evaluated);
    if (!image) {
      if (plan.phases.includes("kexec")) {
        stages.skip("kexec", `${facts.name} is an installer already`);
      }
      // A user's keys are added to root's there: from here on it is not untouched.
      stages.reach("installer");
      const root = await becomeRootSession(target, facts, { signal });
      if (root !== target) stack.use(root);
      if (substituters) await useSubstituters(root, substituters);
      return root;
    }
    const arranged = await arrangeBoot(target, image, { signal });
    for (const objection of arranged.objections) refuseUnlessForced(job, objection);
    guard.booted();
    const { host, port, extraFlags } = plan.kexec;
    const { kexec: scriptTimeout, boot: timeout } = plan.timeouts;
    const also = substituters && addSubstituters(substituters);
    return stack.use(
      await bootInstaller(target, image, {
        ...{ arranged, host, port, extraFlags, scriptTimeout, timeout, signal },
        ...(also && { also }),
      }),
    );
  },
};
