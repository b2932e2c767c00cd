/**
 * The phases that work on an installer, each with what it needs brought there first.
 *
 * @module
 */
import { InstallError, PreflightError } from "../errors.ts";
import type { Inputs } from "../files/inputs.ts";
import type { NixOptions } from "../nix/command.ts";
import type { Plan } from "../plan/plan.ts";
import type { StorePath } from "../plan/store_path.ts";
import type { Session } from "../ssh/session.ts";
import { buildThere, shareThere } from "../steps/build.ts";
import { copyClosure, type CopyOptions, type Link } from "../steps/closure.ts";
import { type Formatted, runDisko } from "../steps/disko.ts";
import { install } from "../steps/install.ts";
import { checkMounted } from "../ssh/mounted.ts";
import type { Built } from "./build.ts";

/** What the phases on the installer work with. */
export interface Work {
  readonly plan: Plan;
  readonly inputs: Inputs;
  /** Root's session on the installer. */
  readonly installer: Session;
  readonly built: Built;
  readonly nix: NixOptions;
  /** What the upload of the image has told of the link. */
  readonly link: Link | undefined;
  readonly signal: AbortSignal;
}

/** Formats and mounts the disks. */
export async function formatDisks(work: Work): Promise<Formatted> {
  const { inputs: { keys }, installer, plan, signal } = work;
  const script = await bring(work, "disko");
  return await runDisko(installer, script, { keys, deadline: plan.timeouts.disko, signal });
}

/**
 * Checks that the closure will go to a disk. `changed` says whether this run has changed something already: the machine
 * could then not have been refused before.
 */
export async function checkDisk(
  { installer, plan, signal }: Work,
  changed: boolean,
): Promise<void> {
  try {
    await checkMounted(installer, signal);
  } catch (error) {
    if (!changed || plan.force || !(error instanceof PreflightError)) throw error;
    throw new InstallError(error.message, { hint: error.hint });
  }
}

/** Fills the store of /mnt and installs the system; returns it. `formatted` is what disko left in this run. */
export async function installSystem(work: Work, formatted?: Formatted): Promise<StorePath> {
  const { plan, inputs, installer, built, nix, signal } = work;
  const root = "/mnt";
  if (built.on === "remote" && formatted) {
    // What the disko script was built from is in the installer's own store.
    await shareThere(installer, built.disko, { ...nix, root, deadline: plan.timeouts.build });
  }
  const fresh = built.on === "local" && formatted?.newStore;
  const system = await bring(work, "system", { root, fresh });
  const { chown, copyHostKeys, noCheck } = plan.install;
  const nixOptions = plan.nix.settings;
  const { extraFiles } = inputs;
  await install(installer, system, {
    extraFiles,
    chown,
    copyHostKeys,
    noCheck,
    nixOptions,
    inMemory: plan.force,
    deadline: plan.timeouts.install,
    signal,
  });
  return system;
}

/** Brings the disko script or the system into a store of the installer: copied, or built right there. */
async function bring(
  work: Work,
  what: "disko" | "system",
  store: Pick<CopyOptions, "root" | "fresh"> = {},
): Promise<StorePath> {
  const { plan, installer, built, nix, link } = work;
  if (built.on === "nowhere") {
    throw new TypeError("a plan without a source has no phase that needs one");
  }
  const { from, substitute } = plan.copy;
  const storeSettings = plan.ssh.storeSettings;
  const stall = plan.timeouts.copy;
  const remote = built.on === "remote";
  await copyClosure(installer, built[what], {
    ...{ ...nix, ...store, storeSettings, stall, link },
    // Derivations are in this machine's store, and in no cache.
    from: remote ? undefined : from,
    substitute: substitute && !remote,
  });
  if (!remote) return built[what];
  const deadline = plan.timeouts.build;
  return await buildThere(installer, built[what], { ...nix, root: store.root, deadline });
}
