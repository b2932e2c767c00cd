/**
 * The whole install: a job, its stages, and what came of it.
 *
 * @module
 */
import { type Job, openJob } from "./job.ts";
import type { NixosAnywhereOptions } from "./install_options.ts";
import { namingKeys } from "./naming_keys.ts";
import { make } from "./run_stages.ts";
import { buildLogged } from "../nix/realise.ts";
import type { InstallReport } from "../report/install_report.ts";

/**
 * Installs NixOS on a machine that ssh reaches: boots it into an installer with kexec, formats its disks,
 * copies the system, installs it and reboots. **All data on the disks that the configuration names is
 * gone afterwards.**
 *
 * Throws a {@linkcode UsageError} before anything is contacted if an option or local input is wrong; a
 * {@linkcode PreflightError} before anything is changed if the target cannot be installed this way; a
 * {@linkcode HostIdentityError}, {@linkcode ConnectionError}, {@linkcode CommandError},
 * {@linkcode BootError} or {@linkcode DeadlineError} if something fails on the way.
 *
 * @example
 * ```ts ignore
 * import { nixosAnywhere } from "@nixos-anywhere/deno";
 * const report = await nixosAnywhere({ flake: ".#web", host: "root@203.0.113.7" });
 * console.log(report.system);
 * ```
 */
export async function nixosAnywhere(options: NixosAnywhereOptions): Promise<InstallReport> {
  return await namingKeys(() => runInstall(options));
}

/** The same for the command, whose flags errors name. */
export async function runInstall(options: NixosAnywhereOptions): Promise<InstallReport> {
  await using job = await openJob(options);
  const { plan, stages } = job;
  if (plan.build.vmTest) {
    await testInVm(job);
    return { host: "here", phases: [], times: stages.times };
  }
  if (plan.dryRun) {
    const { confirmation } = await make(job, ["confirmation"]);
    return { host: confirmation.host, phases: [], times: stages.times };
  }
  const { confirmation, image, system, rebooted } = await make(job, [
    ...["confirmation", "image", "installer", "hardware"] as const,
    ...["formatted", "system", "rebooted"] as const,
  ]);
  return {
    host: confirmation.host,
    phases: plan.phases.filter((phase) => phase !== "kexec" || image),
    ...(system !== undefined && { system }),
    ...(rebooted && { rebooted }),
    times: stages.times,
  };
}

/** Builds the configuration's test of itself, which installs it in a virtual machine. */
async function testInVm({ plan, nix, stages, signal }: Job): Promise<void> {
  const { source } = plan;
  if (source.kind !== "flake") throw new TypeError("a VM test needs a flake");
  const options = { ...nix, timeout: plan.timeouts.build };
  await stages.run("build", () => buildLogged(source.flake, "installTest", options), signal);
}
