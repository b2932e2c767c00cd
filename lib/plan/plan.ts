/**
 * From options to a plan: every rule about options is checked here, once, for the library and the command
 * line alike, before anything is contacted.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { noTarget } from "./checks.ts";
import type { Destination } from "./destination.ts";
import type { FlakeRef } from "./flake.ts";
import type { ImageSource } from "./image.ts";
import { refuseConflicts, settle } from "./option_table.ts";
import type { Chown, DiskKey, HardwareConfig, PlanOptions, Setting } from "./options.ts";
import type { Phase } from "./phases.ts";
import type { StorePath } from "./store_path.ts";
import type { Timeouts } from "./timeouts.ts";
import { TROUBLES } from "./troubles.ts";

/** A whole install, checked and complete; nothing in it is a default any more. */
export interface Plan {
  /** Where the target is; absent with a VM test, which has none. */
  readonly destination: Destination | undefined;
  /** What is installed. */
  readonly source:
    | { readonly kind: "flake"; readonly flake: FlakeRef; readonly diskoScript: string }
    | { readonly kind: "paths"; readonly disko: StorePath; readonly system: StorePath }
    | { readonly kind: "none" };
  /** The phases to run, in their order. */
  readonly phases: readonly Phase[];
  /** Whether everything is only looked at. */
  readonly dryRun: boolean;
  /** Whether the checks of the target only warn. */
  readonly force: boolean;
  /** How long each wait may take, in milliseconds. */
  readonly timeouts: Timeouts;
  /** How the target is logged in to. */
  readonly ssh: {
    readonly identityFile: string | undefined;
    readonly privateKey: string | undefined;
    readonly port: number | undefined;
    readonly options: readonly string[];
    readonly password: string | undefined;
    readonly hostKey: "accept-new" | "strict" | "off" | `SHA256:${string}` | undefined;
    readonly knownHosts: string | undefined;
    readonly updateKnownHosts: boolean;
    readonly storeSettings: readonly Setting[];
  };
  /** How it is booted into an installer. */
  readonly kexec: {
    /** Absent for the published image, which depends on the target's architecture. */
    readonly image: ImageSource | undefined;
    readonly sha256: string | undefined;
    readonly force: boolean;
    readonly extraFlags: string;
    /** Where the installer answers; absent where that is the target's own host. */
    readonly host: string | undefined;
    readonly port: number;
  };
  /** Where and after what the system is built. */
  readonly build: {
    readonly on: "auto" | "local" | "remote";
    readonly hardware: HardwareConfig | undefined;
    readonly vmTest: boolean;
  };
  /** How closures get to the target. */
  readonly copy: {
    readonly substitute: boolean;
    readonly machineSubstituters: boolean;
    readonly from: string | undefined;
  };
  /** What goes into the new system besides its closure. */
  readonly install: {
    readonly extraFiles: string | undefined;
    readonly chown: readonly Chown[];
    readonly keys: readonly DiskKey[];
    readonly copyHostKeys: boolean;
    readonly noCheck: string | undefined;
  };
  /** How the new system is started. */
  readonly reboot: "firmware" | "kexec";
  /** What every nix command is told. */
  readonly nix: {
    readonly settings: readonly Setting[];
    readonly printBuildLogs: boolean;
    readonly showTrace: boolean;
    readonly acceptFlakeConfig: boolean;
  };
}

/**
 * Checks options and makes the plan of an install. Throws a {@linkcode UsageError} on the first rule that
 * an option breaks, with the name of its command line flag in the message. Contacts nothing.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { makePlan } from "@nixos-anywhere/deno";
 * const plan = makePlan({ flake: ".#web", host: "root@203.0.113.7", phases: ["kexec"] });
 * assertEquals(plan.destination, { host: "203.0.113.7", user: "root" });
 * ```
 */
export function makePlan(options: PlanOptions): Plan {
  refuseConflicts(options);
  const option = settle(options);
  const { host, flake, storePaths, phases, vmTest } = option;
  if (!host && !vmTest) noTarget();
  refuseOtherPort(host, option.sshPort);
  const diskoScript = `${option.diskoMode}Script${option.diskoDeps ? "" : "NoDeps"}`;
  const installs = vmTest || phases.includes("disko") || phases.includes("install");
  return freeze({
    destination: host,
    source: flake
      ? { kind: "flake", flake, diskoScript }
      : storePaths
      ? { kind: "paths", ...storePaths }
      : installs
      ? noSource()
      : { kind: "none" },
    phases,
    dryRun: option.dryRun,
    force: option.force,
    timeouts: option.timeouts,
    ssh: {
      identityFile: option.identityFile,
      privateKey: option.identityFile === undefined ? option.privateKey || undefined : undefined,
      port: option.sshPort,
      options: option.sshOptions,
      password: option.password,
      hostKey: option.hostKey,
      knownHosts: option.knownHosts,
      updateKnownHosts: option.updateKnownHosts,
      storeSettings: option.sshStoreSettings,
    },
    kexec: {
      image: option.kexec,
      sha256: option.kexecSha256,
      force: option.forceKexec,
      extraFlags: option.kexecExtraFlags,
      host: option.installerHost,
      port: option.postKexecSshPort,
    },
    build: { on: option.buildOn, hardware: option.generateHardwareConfig, vmTest },
    copy: {
      substitute: option.substituteOnDestination,
      machineSubstituters: option.useMachineSubstituters && option.substituteOnDestination,
      from: option.from,
    },
    install: {
      extraFiles: option.extraFiles,
      chown: option.chown,
      keys: option.diskEncryptionKeys,
      copyHostKeys: option.copyHostKeys,
      noCheck: option.noCheck,
    },
    reboot: option.reboot,
    nix: {
      settings: option.nixOptions,
      printBuildLogs: option.printBuildLogs,
      showTrace: option.showTrace,
      acceptFlakeConfig: option.acceptFlakeConfig,
    },
  });
}

/** Throws the error of an install of nothing. */
function noSource(): never {
  throw new UsageError("flake must be set: nothing to install is named", {
    hint: TROUBLES.source.hint,
  });
}

/** A copy of the plan in which nothing can be changed, and nothing is the caller's. */
function freeze(plan: Plan): Plan {
  const all: unknown[] = [structuredClone(plan)];
  for (const one of all) {
    if (typeof one === "object" && one !== null && !ArrayBuffer.isView(one)) {
      all.push(...Object.values(Object.freeze(one)));
    }
  }
  return all[0] as Plan;
}

/** A port in the target's URL and another one beside it: nobody knows which one is meant. */
function refuseOtherPort(destination: Destination | undefined, port: number | undefined): void {
  const inUrl = destination?.port;
  if (inUrl === undefined || port === undefined || inUrl === port) return;
  const text = `--ssh-port ${port}: the target is named with another port, ${inUrl}`;
  throw new UsageError(text, { hint: "name the port once" });
}
