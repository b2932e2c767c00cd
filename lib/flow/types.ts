/**
 * The types that one meets only in the signatures of the functions of `@nixos-anywhere/deno`: options and answers of the
 * steps, and what the stages of an install take and make.
 *
 * @example A stage of one's own
 * ```ts
 * import type { Made, Takes } from "@nixos-anywhere/deno/types";
 *
 * export function disko({ installer }: Takes<"installer" | "built" | "image">): Promise<Made["formatted"]> {
 *   console.log(installer.label);
 *   return Promise.resolve({ newStore: true });
 * }
 * ```
 *
 * @module
 */
export type { InstallHooks, PassphraseQuestion } from "./install_options.ts";
export type { Built, Evaluated, Made, Parts } from "./made.ts";
export type { AfterStages, MadeBy, StageContext, StageFunctions, Takes } from "./stage.ts";
export type { BuildLocation } from "../nix/build_location.ts";
export type { ConfigurationOptions } from "../nix/configuration.ts";
export type { DiskLayout } from "../nix/disk_layout.ts";
export type { BootCheck, BootEntry } from "../plan/boot_check.ts";
export type { Destination } from "../plan/destination.ts";
export type { Disk, FoundDisk } from "../plan/disks.ts";
export type { FlakeRef } from "../plan/flake.ts";
export type { ImageSource } from "../plan/image.ts";
export type {
  Chown,
  HardwareConfig,
  InstallSettings,
  PlanOptions,
  Setting,
} from "../plan/options.ts";
export type { Timeouts } from "../plan/timeouts.ts";
export type { ErrorEvent } from "../report/error_event.ts";
export type { Count, Report, Transfer } from "../report/events.ts";
export type { Rebooted } from "../report/install_report.ts";
export type { UpdateState } from "../report/states.ts";
export type { PlanEvent, UpdatePlanEvent } from "../report/plan_event.ts";
export type { PlainOptions } from "../report/plain.ts";
export type { RunResult } from "../result.ts";
export type { FactsOptions } from "../ssh/get_facts.ts";
export type { RemoteOptions, ScriptOptions } from "../ssh/session.ts";
export type { CopyOptions } from "../copy/transfer/copy_closure.ts";
export type { Deployed, DeployOptions } from "../steps/deploy/deploy.ts";
export type { UpdateOptions, UpdateReport } from "./update.ts";
export type { DeployAction, UpdateSettings } from "../plan/update_options.ts";
export type { DiskoOptions, Formatted } from "../steps/disko.ts";
export type { DiskOptions } from "../steps/find_disks.ts";
export type { HardwareOptions } from "../steps/hardware.ts";
export type { InstallStepOptions } from "../steps/install.ts";
export type { KexecOptions } from "../steps/kexec/run_kexec.ts";
export type { UploadOptions } from "../steps/kexec/upload.ts";
export type { RebootOptions } from "../steps/reboot/reboot.ts";
