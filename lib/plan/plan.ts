/**
 * From options to a plan: every rule about options is checked here, once, for the library and the command
 * line alike, before anything is contacted.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { type Destination, parseDestination, parsePort } from "./destination.ts";
import { type FlakeRef, parseFlakeRef } from "./flake.ts";
import { type ImageSource, parseImage } from "./image.ts";
import type { BuildOn, Chown, DiskKey, HardwareConfig, PlanOptions, Setting } from "./options.ts";
import { parsePhases, type Phase, PHASES } from "./phases.ts";
import {
  checkChown,
  checkSshOption,
  type HostKeyPolicy,
  oneOf,
  readBuildOn,
  readHardware,
  readHostKey,
  readSha256,
} from "./checks.ts";
import { refuseConflicts } from "./conflicts.ts";
import { type StorePath, storePath } from "./store_path.ts";
import { readTimeouts, type Timeouts } from "./timeouts.ts";
import { TROUBLES } from "./troubles.ts";

/** What is installed. */
export type Source =
  | { readonly kind: "flake"; readonly flake: FlakeRef; readonly diskoScript: string }
  | { readonly kind: "paths"; readonly disko: StorePath; readonly system: StorePath }
  | { readonly kind: "none" };

/** A whole install, checked and complete; nothing in it is a default any more. */
export interface Plan {
  /** Where the target is; absent with a VM test, which has none. */
  readonly destination: Destination | undefined;
  /** What is installed. */
  readonly source: Source;
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
    readonly hostKey: HostKeyPolicy | undefined;
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
    readonly on: BuildOn;
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
  refuseEmpty(options);
  const { vmTest = false, substituteOnDestination = true, useMachineSubstituters = true } = options;
  const phases = options.phases === undefined ? PHASES : parsePhases(options.phases);
  const port = options.sshPort === undefined ? undefined : parsePort(options.sshPort, "--ssh-port");
  const destination = vmTest && options.host === undefined
    ? undefined
    : readDestination(options.host);
  refuseOtherPort(destination, port);
  return freeze({
    destination,
    source: readSource(options, phases),
    phases,
    dryRun: options.dryRun ?? false,
    force: options.force ?? false,
    timeouts: readTimeouts(options.timeouts),
    ssh: {
      identityFile: options.identityFile,
      privateKey: options.identityFile === undefined ? options.privateKey || undefined : undefined,
      port,
      options: (options.sshOptions ?? []).map(checkSshOption),
      password: options.password,
      hostKey: readHostKey(options.hostKey),
      knownHosts: options.knownHosts,
      updateKnownHosts: options.updateKnownHosts ?? false,
      storeSettings: options.sshStoreSettings ?? [{ name: "compress", value: "true" }],
    },
    kexec: {
      image: options.kexec === undefined ? undefined : parseImage(options.kexec),
      sha256: readSha256(options.kexecSha256),
      force: options.forceKexec ?? false,
      extraFlags: options.kexecExtraFlags ?? "",
      host: readInstallerHost(options.installerHost),
      port: parsePort(options.postKexecSshPort ?? 22, "--post-kexec-ssh-port"),
    },
    build: {
      on: readBuildOn(options.buildOn),
      hardware: readHardware(options.generateHardwareConfig),
      vmTest,
    },
    copy: {
      substitute: substituteOnDestination,
      machineSubstituters: useMachineSubstituters && substituteOnDestination,
      from: options.from,
    },
    install: {
      extraFiles: options.extraFiles,
      chown: (options.chown ?? []).map(checkChown),
      keys: options.diskEncryptionKeys ?? [],
      copyHostKeys: options.copyHostKeys ?? false,
      noCheck: options.noCheck,
    },
    nix: {
      settings: options.nixOptions ?? [],
      printBuildLogs: options.printBuildLogs ?? false,
      showTrace: options.showTrace ?? false,
      acceptFlakeConfig: options.acceptFlakeConfig ?? false,
    },
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

/** An empty value is a variable of the caller's shell that was never set; nothing can be meant by it. */
function refuseEmpty(options: PlanOptions): void {
  const { identityFile, extraFiles, from, generateHardwareConfig } = options;
  const values = {
    "-i": identityFile,
    "--extra-files": extraFiles,
    "--known-hosts": options.knownHosts,
    "--installer-host": options.installerHost,
    "--from": from,
    "--generate-hardware-config": generateHardwareConfig?.path,
    "--option": options.nixOptions?.some(({ name }) => name === "") ? "" : undefined,
    "--ssh-store-setting": options.sshStoreSettings?.some(({ name }) => name === "")
      ? ""
      : undefined,
  };
  for (const [flag, value] of Object.entries(values)) {
    if (value !== "") continue;
    throw new UsageError(`${flag}: its value is empty`, { hint: `name one, or leave ${flag} out` });
  }
}

/** A port in the target's URL and another one beside it: nobody knows which one is meant. */
function refuseOtherPort(destination: Destination | undefined, port: number | undefined): void {
  const inUrl = destination?.port;
  if (inUrl === undefined || port === undefined || inUrl === port) return;
  const text = `--ssh-port ${port}: the target is named with another port, ${inUrl}`;
  throw new UsageError(text, { hint: "name the port once" });
}

function readDestination(host: string | undefined): Destination {
  if (host === undefined || host === "") {
    throw new UsageError("ssh-host must be set: no target is named", {
      hint: TROUBLES.host.hint,
    });
  }
  return parseDestination(host);
}

/** Root logs in to the installer, at the port that `--post-kexec-ssh-port` names: only the host can be another. */
function readInstallerHost(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const { host, user, port } = parseDestination(text);
  if ((user ?? "root") === "root" && port === undefined) return host;
  throw new UsageError(`--installer-host: ${JSON.stringify(text)} is more than a host`, {
    hint: "name the host alone; --post-kexec-ssh-port has its port, and the login is root's",
  });
}

function readSource(options: PlanOptions, phases: readonly Phase[]): Source {
  const { flake, storePaths, diskoMode = "disko", diskoDeps = true } = options;
  if (storePaths) {
    const disko = storePath(storePaths.disko, "--store-paths");
    return { kind: "paths", disko, system: storePath(storePaths.system, "--store-paths") };
  }
  oneOf("--disko-mode", diskoMode, ["disko", "mount", "format"]);
  if (flake !== undefined) {
    const diskoScript = `${diskoMode}Script${diskoDeps ? "" : "NoDeps"}`;
    return { kind: "flake", flake: parseFlakeRef(flake), diskoScript };
  }
  if (!options.vmTest && !phases.includes("disko") && !phases.includes("install")) {
    return { kind: "none" };
  }
  throw new UsageError("flake must be set: nothing to install is named", {
    hint: TROUBLES.source.hint,
  });
}
