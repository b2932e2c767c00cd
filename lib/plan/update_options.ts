/**
 * The options of an update: many are those of an install, by the same entries.
 *
 * @module
 */
import { filled, noTarget } from "./checks.ts";
import type { Destination } from "./destination.ts";
import type { FlakeRef } from "./flake.ts";
import { type Entries, off, on } from "./option.ts";
import { OPTIONS, type OptionTable, settle } from "./option_table.ts";
import type { InstallSettings } from "./options.ts";
import { UsageError } from "../errors.ts";

/** What can be done with a system: now and at each boot; at the next boot; now; only tried out. */
export type DeployAction = "switch" | "boot" | "test" | "dry-activate";

/** Every action. */
export const DEPLOY_ACTIONS: readonly DeployAction[] = ["switch", "boot", "test", "dry-activate"];

/** Everything an update can be told; `host` and one of `flake` and `system` are needed. */
export interface UpdateSettings extends
  Pick<
    InstallSettings,
    | "host"
    | "identityFile"
    | "privateKey"
    | "sshPort"
    | "sshOptions"
    | "password"
    | "hostKey"
    | "knownHosts"
    | "timeouts"
    | "buildOn"
    | "substituteOnDestination"
    | "from"
    | "sshStoreSettings"
    | "nixOptions"
    | "acceptFlakeConfig"
    | "printBuildLogs"
    | "showTrace"
  > {
  /** A flake and the NixOS configuration in it, `URI#NAME`. */
  readonly flake?: string | undefined;
  /** A built NixOS system, instead of a flake. */
  readonly system?: string | undefined;
  /** What is done with the system. Default: "switch" */
  readonly action?: DeployAction | undefined;
  /** Whether the machine goes back to the system before where it should. Default: true */
  readonly rollback?: boolean | undefined;
  /** Whether units that fail are only a warning. Default: false */
  readonly ignoreFailedUnits?: boolean | undefined;
  /** Whether the boot loader is installed anew. Default: false */
  readonly installBootloader?: boolean | undefined;
}

const OWN = {
  system: {
    usage: "-s, --store-path SYSTEM",
    help: "a built NixOS system, instead of a flake",
    completes: ["file"],
    check: filled,
  },
  action: {
    usage: "--action ACTION",
    help:
      "switch: now and at each boot; boot: from the next boot on; test: now, until the next boot; dry-activate: say what would be done",
    choices: DEPLOY_ACTIONS,
    default: "switch",
  },
  rollback: on(
    "--no-rollback",
    "keep the new system where its activation fails or no new login works after it",
  ),
  ignoreFailedUnits: off(
    "--ignore-failed-units",
    "units that fail are a warning: the new system stays",
  ),
  installBootloader: off(
    "--install-bootloader",
    "install the boot loader anew (NIXOS_INSTALL_BOOTLOADER=1)",
  ),
} as const satisfies Partial<Entries<UpdateSettings>>;

const { flake, host, identityFile, privateKey, sshPort, sshOptions, envPassword, password } =
  OPTIONS;
const { sudoPassword, hostKey, knownHosts, timeouts, yes, buildOn, from } = OPTIONS;
const { substituteOnDestination, sshStoreSettings, nixOptions, acceptFlakeConfig } = OPTIONS;
const { printBuildLogs, showTrace, debug, json, help, version } = OPTIONS;

/** Every option of an update below its heading, in the order of the help. */
export const UPDATE_TABLE = {
  "What to activate": {
    ...{ flake, ...OWN, timeouts },
    yes: { ...yes, help: "accepted for scripts: an update asks nothing" },
  },
  "Reaching the target": {
    ...{ host, identityFile, privateKey, envPassword, password, sudoPassword },
    sshPort: { ...sshPort, help: "the target's ssh port" },
    ...{ sshOptions, hostKey, knownHosts },
  },
  "Build": {
    buildOn,
    substituteOnDestination: {
      ...substituteOnDestination,
      help: "the target fetches nothing from substituters",
    },
    ...{ from, sshStoreSettings, nixOptions, acceptFlakeConfig },
  },
  "Output": { printBuildLogs, showTrace, debug, json, help, version },
} as const satisfies OptionTable;

const ENTRIES = {
  ...OWN,
  ...{ flake, host, identityFile, privateKey, sshPort, sshOptions, password, hostKey, knownHosts },
  ...{ timeouts, buildOn, substituteOnDestination, from, sshStoreSettings, nixOptions },
  ...{ acceptFlakeConfig, printBuildLogs, showTrace },
} as const satisfies Entries<UpdateSettings>;

/** An update, checked and complete. */
export type UpdatePlan = ReturnType<typeof makeUpdatePlan>;

/** Checks options and fills in the defaults. Throws a {@linkcode UsageError} on the first rule that one breaks. */
export function makeUpdatePlan(options: UpdateSettings) {
  const settled = settle<typeof ENTRIES, UpdateSettings>(options, ENTRIES);
  const { host, flake, system, sshPort } = settled;
  if (host === undefined) noTarget();
  if (flake !== undefined && system !== undefined) {
    throw new UsageError("--flake and --store-path exclude each other", { hint: "name one" });
  }
  if (sshPort !== undefined && host.port !== undefined && host.port !== sshPort) {
    throw new UsageError(
      `--ssh-port ${sshPort}: the target is named with another port, ${host.port}`,
      { hint: "name the port once" },
    );
  }
  const source: FlakeRef | string | undefined = flake ?? system;
  if (source === undefined) {
    throw new UsageError("flake must be set: no system to activate is named", {
      hint: "name a configuration with --flake .#web, or a built system with --store-path",
    });
  }
  const destination: Destination = host;
  return { ...settled, destination, source };
}
