/**
 * The installer: booted by kexec, or running already. Its nix knows the configuration's substituters.
 *
 * @module
 */
import { InstallError } from "../../errors.ts";
import type { Facts } from "../../plan/facts.ts";
import { againstLastKexec } from "../../plan/preflight.ts";
import { getFacts } from "../../ssh/get_facts.ts";
import type { Session } from "../../ssh/session.ts";
import { becomeRootSession } from "../../steps/access.ts";
import { bootInstaller } from "../../steps/kexec/run_kexec.ts";
import { arrangeBoot } from "../../steps/kexec/arrange.ts";
import { addSubstituters, useSubstituters } from "../../steps/substituters.ts";
import type { Job } from "../job.ts";
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
      await tellOfReboot(job, root, facts);
      return root;
    }
    const arranged = await arrangeBoot(target, image, { signal });
    for (const objection of arranged.objections) refuseUnlessForced(job, objection);
    guard.booted();
    const { host, port, extraFlags } = plan.kexec;
    const { kexec: scriptTimeout, boot: timeout } = plan.timeouts;
    const also = substituters && addSubstituters(substituters);
    const installer = stack.use(
      await bootInstaller(target, image, {
        ...{ arranged, host, port, extraFlags, scriptTimeout, timeout, signal },
        ...(also && { also }),
      }),
    );
    await tellOfReboot(job, installer);
    return installer;
  },
};

/** Tells before the disks are touched that the new system will not be started as it is wished, if that is known. */
async function tellOfReboot(job: Job, installer: Session, known?: Facts): Promise<void> {
  const { plan: { phases, reboot }, report, signal } = job;
  if (reboot !== "kexec" || !(phases.includes("disko") || phases.includes("install"))) return;
  // What it does not answer is found out when the time has come.
  const facts = known ?? await getFacts(installer, { signal }).catch((error) => {
    signal.throwIfAborted();
    if (!(error instanceof InstallError)) throw error;
  });
  const why = facts && againstLastKexec(facts);
  if (why === undefined) return;
  const text =
    `${installer.label}: the new system will be started by its firmware, not by kexec: ${why}`;
  report({ type: "log", level: "warning", text });
}
