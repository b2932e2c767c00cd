/**
 * The target is rebooted into the installed system, if that will boot, and the new system's identity is told.
 *
 * @module
 */
import { fingerprint, type KnownAs, replaceHostKeys } from "../../ssh/known_hosts.ts";
import { internals } from "../../ssh/session.ts";
import { checkBootable } from "../../steps/bootable/check_bootable.ts";
import { reboot } from "../../steps/reboot/reboot.ts";
import type { Job } from "../job.ts";
import { checkUnlessForced } from "../refuse.ts";
import { always, type Stage } from "../stage.ts";

export const rebootStage: Stage<"reboot"> = {
  name: "reboot",
  makes: "rebooted",
  takes: { target: always, installer: always, system: always },
  states: { during: "rebooting", after: "done" },
  needed: ({ plan }) => plan.phases.includes("reboot"),
  async run({ target, installer, system }, job) {
    const { plan, guard, report, signal } = job;
    const check =
      await checkUnlessForced(job, () => checkBootable(installer, system, { signal })) ??
        { answer: "unknown", why: "it did not pass the boot check" };
    const rebooted = await reboot(installer, {
      ...{ system, timeout: plan.timeouts.reboot, signal },
      ...(plan.reboot === "kexec" && { kexec: check }),
    });
    if (rebooted.seen !== "running" && (guard.asks || plan.install.keys.length > 0)) {
      const text =
        `${installer.label}: it may be waiting for the passphrase of its disks: look at its ` +
        "console, or log in to its initrd where that has an ssh server";
      report({ type: "log", level: "warning", text });
    }
    await tellHostKeys(job, internals(target).knownAs, rebooted.hostKeys);
    return rebooted;
  },
};

/** Shows the new system's host keys and, if the plan says so, puts them into known_hosts. */
async function tellHostKeys(
  { plan, report }: Job,
  knownAs: KnownAs,
  keys: readonly string[],
): Promise<void> {
  const info = (text: string) => report({ type: "log", level: "info", text });
  for (const key of keys) {
    info(`host key of the new system: ${key.split(" ")[0]} ${await fingerprint(key)}`);
  }
  if (!plan.ssh.updateKnownHosts) return;
  if (keys.length === 0) {
    const text = "the new system makes its host keys at its first boot: known_hosts is as it was";
    report({ type: "log", level: "warning", text });
    return;
  }
  const path = await replaceHostKeys(knownAs, keys, plan.ssh.knownHosts);
  if (path !== undefined) return info(`known_hosts: ${path} has the new system's host keys`);
  const text =
    "your ssh config keeps no host keys: --known-hosts names a file for the new system's";
  report({ type: "log", level: "warning", text });
}
