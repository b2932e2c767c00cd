/**
 * Installs NixOS on any Linux machine that ssh reaches: boots it into an installer with kexec, formats its
 * disks with disko, copies the closure, runs nixos-install and reboots into the new system. **All data on
 * the disks that the configuration names is wiped.**
 *
 * Every part is a function of its own, {@linkcode nixosAnywhere} is all of them in their order. They run
 * the system's own ssh and nix. The types that one meets only in their signatures are in `@nixos-anywhere/deno/types`.
 *
 * @example The whole install
 * ```ts ignore
 * import { nixosAnywhere } from "@nixos-anywhere/deno";
 *
 * const report = await nixosAnywhere({ flake: ".#web", host: "root@203.0.113.7" });
 * console.log(report.system);
 * ```
 *
 * @module
 */
export { nixosAnywhere } from "./lib/flow/flow.ts";
export type { Confirmation, NixosAnywhereOptions } from "./lib/flow/install_options.ts";
export {
  buildConfiguration,
  type BuiltConfiguration,
  evaluateConfiguration,
} from "./lib/nix/configuration.ts";
export type { Evaluation } from "./lib/nix/evaluate.ts";
export { connect } from "./lib/steps/connect.ts";
export type { ConnectOptions } from "./lib/ssh/login_options.ts";
export { Session } from "./lib/ssh/session.ts";
export { fingerprint } from "./lib/ssh/known_hosts.ts";
export { quote } from "./lib/ssh/quote.ts";
export { getFacts } from "./lib/ssh/get_facts.ts";
export type { Facts } from "./lib/plan/facts.ts";
export { becomeRootSession } from "./lib/steps/access.ts";
export { type RemoteKexec, uploadKexec } from "./lib/steps/kexec/upload.ts";
export { runKexec } from "./lib/steps/kexec/run_kexec.ts";
export { discardKexec } from "./lib/steps/kexec/discard.ts";
export { useSubstituters } from "./lib/steps/substituters.ts";
export { generateHardwareConfig } from "./lib/steps/hardware.ts";
export { checkDisks, findDisks } from "./lib/steps/find_disks.ts";
export { runDisko } from "./lib/steps/disko.ts";
export type { DiskKey } from "./lib/plan/options.ts";
export { checkMounted } from "./lib/ssh/mounted.ts";
export { copyClosure } from "./lib/copy/transfer/copy_closure.ts";
export { install } from "./lib/steps/install.ts";
export { checkBootable } from "./lib/steps/bootable/check_bootable.ts";
export { reboot } from "./lib/steps/reboot/reboot.ts";
export { deploy } from "./lib/steps/deploy/deploy.ts";
export { update } from "./lib/flow/update.ts";
export { makePlan, type Plan } from "./lib/plan/plan.ts";
export { parseDestination } from "./lib/plan/destination.ts";
export { parseFlakeRef } from "./lib/plan/flake.ts";
export { parsePhases, type Phase, PHASES } from "./lib/plan/phases.ts";
export { isStorePath, type StorePath, storePath } from "./lib/plan/store_path.ts";
export { TIMEOUTS } from "./lib/plan/timeouts.ts";
export type { Reporter, ReportEvent, Stage } from "./lib/report/events.ts";
export type { InstallReport } from "./lib/report/install_report.ts";
export { type State, STATES } from "./lib/report/states.ts";
export { plainRenderer } from "./lib/report/plain.ts";
export * from "./lib/errors.ts";
