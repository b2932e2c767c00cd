/**
 * Installs NixOS on any Linux machine that ssh reaches: boots it into an installer with kexec, formats its
 * disks with disko, copies the closure, runs nixos-install and reboots into the new system. **All data on
 * the disks that the configuration names is wiped.**
 *
 * Every part is a function of its own, {@linkcode nixosAnywhere} is all of them in their order. They run
 * the system's own ssh and nix.
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
export type {
  Confirmation,
  InstallHooks,
  NixosAnywhereOptions,
  PassphraseQuestion,
} from "./lib/flow/install_options.ts";
export type { Built, Evaluated, Made, Parts } from "./lib/flow/made.ts";
export type {
  AfterStages,
  Given,
  MadeBy,
  ReplacedStages,
  StageContext,
  StageFunctions,
  StageName,
  Takes,
} from "./lib/flow/stage.ts";
export {
  buildConfiguration,
  type BuiltConfiguration,
  type ConfigurationOptions,
  evaluateConfiguration,
} from "./lib/nix/configuration.ts";
export type { Evaluation } from "./lib/nix/evaluate.ts";
export type { BuildLocation } from "./lib/nix/build_location.ts";
export { connect, type ConnectOptions } from "./lib/steps/connect.ts";
export type { LoginOptions } from "./lib/ssh/login_options.ts";
export type { HostKeyPolicy } from "./lib/plan/checks.ts";
export { TIMEOUTS, type Timeouts, type Wait } from "./lib/plan/timeouts.ts";
export type { RemoteSnippet } from "./lib/ssh/remote_snippet.ts";
export { fingerprint } from "./lib/ssh/known_hosts.ts";
export { quote } from "./lib/ssh/quote.ts";
export type { RemoteOptions, ScriptOptions, Session } from "./lib/ssh/session.ts";
export { type FactsOptions, getFacts } from "./lib/ssh/get_facts.ts";
export { type KexecOptions, runKexec } from "./lib/steps/kexec/run_kexec.ts";
export { arrangeBoot, type Arranged, type ArrangeOptions } from "./lib/steps/kexec/arrange.ts";
export { discardKexec } from "./lib/steps/kexec/discard.ts";
export { type RemoteKexec, uploadKexec, type UploadOptions } from "./lib/steps/kexec/upload.ts";
export { type BootCheck, checkBootable } from "./lib/steps/bootable/check_bootable.ts";
export { checkDisks, type DiskOptions, findDisks } from "./lib/steps/find_disks.ts";
export type { ConfiguredDisk, Disk, DiskFate, FoundDisk, PassphraseUse } from "./lib/plan/disks.ts";
export type { DiskLayout } from "./lib/nix/disk_layout.ts";
export { type DiskoOptions, type Formatted, runDisko } from "./lib/steps/disko.ts";
export { copyClosure, type CopyOptions, type Link } from "./lib/copy/transfer/copy_closure.ts";
export { deploy, type Deployed, type DeployOptions } from "./lib/steps/deploy/deploy.ts";
export { update, type UpdateOptions, type UpdateReport } from "./lib/flow/update.ts";
export type { DeployAction, UpdateSettings } from "./lib/plan/update_options.ts";
export { checkMounted } from "./lib/ssh/mounted.ts";
export { install, type InstallStepOptions } from "./lib/steps/install.ts";
export { reboot, type RebootOptions } from "./lib/steps/reboot.ts";
export type { InstallReport, Rebooted } from "./lib/report/install_report.ts";
export { makePlan, type Plan, type Source } from "./lib/plan/plan.ts";
export type * from "./lib/plan/options.ts";
export type { Facts, KexecSupport, LoginLink } from "./lib/plan/facts.ts";
export { type Destination, parseDestination } from "./lib/plan/destination.ts";
export { type FlakeRef, parseFlakeRef } from "./lib/plan/flake.ts";
export { parsePhases, type Phase, PHASES } from "./lib/plan/phases.ts";
export { isStorePath, type StorePath, storePath } from "./lib/plan/store_path.ts";
export type { Compression, ImageSource } from "./lib/plan/image.ts";
export type { DiskKeyContent } from "./lib/files/keys.ts";
export type { Tree, TreeEntry } from "./lib/files/tree.ts";
export type { NixOptions } from "./lib/nix/command.ts";
export type { RunResult } from "./lib/result.ts";
export type { Count, Report, Reporter, ReportEvent, Stage, Transfer } from "./lib/report/events.ts";
export type { ErrorEvent } from "./lib/report/error_event.ts";
export type { PlanEvent } from "./lib/report/plan_event.ts";
export type { StageTimes } from "./lib/report/stages.ts";
export { type State, STATES, UPDATE_STATES, type UpdateState } from "./lib/report/states.ts";
export * from "./lib/errors.ts";
export { generateHardwareConfig, type HardwareOptions } from "./lib/steps/hardware.ts";
export { becomeRootSession } from "./lib/steps/access.ts";
export { addSubstituters, type Substituters, useSubstituters } from "./lib/steps/substituters.ts";
export { type PlainOptions, plainRenderer } from "./lib/report/plain.ts";
