/**
 * Bringing a system to a machine that runs NixOS, and activating it.
 *
 * @module
 */
import { copyClosure, type CopyOptions } from "../../copy/transfer/copy_closure.ts";
import { PreflightError, UsageError } from "../../errors.ts";
import { systemOf } from "../../files/inputs.ts";
import { becomeHint } from "../../plan/become.ts";
import { becomeRoot, type Facts } from "../../plan/facts.ts";
import { wrongSystem } from "../../plan/preflight.ts";
import { type StorePath, storePath } from "../../plan/store_path.ts";
import { TIMEOUTS } from "../../plan/timeouts.ts";
import { DEPLOY_ACTIONS, type DeployAction } from "../../plan/update_options.ts";
import { type Report, type Reporter, stamping } from "../../report/events.ts";
import { Stages } from "../../report/stages.ts";
import { getFacts } from "../../ssh/get_facts.ts";
import type { Session } from "../../ssh/session.ts";
import { activate } from "./activate.ts";
import { refusalIn } from "./activation_error.ts";
import { LOOK } from "./activation_scripts.ts";
import { dryActivate } from "./dry_activate.ts";

/** How a system is brought to a machine and activated; everything has a default. */
export interface DeployOptions {
  /**
   * `switch`: now and at each boot; `boot`: from the next boot on; `test`: now, until the next boot; `dry-activate`: say
   * what would be done. Default: "switch"
   */
  readonly action?: DeployAction | undefined;
  /** What the machine says of itself. Default: asked for */
  readonly facts?: Facts | undefined;
  /** Asked when sudo on the target wants a password. Default: such a user cannot become root */
  readonly sudoPassword?: (() => Promise<string | undefined>) | undefined;
  /** Whether the machine goes back to the system before where it should. Default: true */
  readonly rollback?: boolean | undefined;
  /** Whether units that fail (exit code 4 of switch-to-configuration) are only a warning. Default: false */
  readonly ignoreFailedUnits?: boolean | undefined;
  /** Whether the boot loader is installed anew, and not only its menu written. Default: false */
  readonly installBootloader?: boolean | undefined;
  /** How the closure is copied. Default: as {@linkcode copyClosure} does */
  readonly copy?: Omit<CopyOptions, "root" | "fresh" | "become" | "signal" | "report"> | undefined;
  /** How long the activation may take, in milliseconds. Default: {@linkcode TIMEOUTS}.activate */
  readonly timeout?: number | undefined;
  /** How long after it a new login may take, in milliseconds. Default: {@linkcode TIMEOUTS}.confirm */
  readonly confirmTimeout?: number | undefined;
  /** Ends the wait, and what runs here, when aborted. What was not confirmed by then goes back by itself. */
  readonly signal?: AbortSignal | undefined;
  /** Hears of what happens. Default: who hears of the session */
  readonly report?: Reporter | undefined;
}

/** What came of it. */
export interface Deployed {
  /** What was done. */
  readonly action: DeployAction;
  /** The system that was activated. */
  readonly system: StorePath;
  /** The system that ran before. */
  readonly previous: StorePath | undefined;
  /** Whether units failed, which was only to be a warning. */
  readonly unitsFailed: boolean;
}

/**
 * Copies a system's closure to a machine that runs NixOS, as far as it is not there, sets the system profile (for `switch`
 * and `boot`), and activates it. The activation runs apart from the login, so that a restart of the network does not end
 * it. Where it fails, or no new login works afterwards in time, the machine goes back by itself to the system before.
 * A user who is not root needs sudo or doas.
 *
 * Throws a {@linkcode PreflightError} if the machine runs no NixOS, cannot be root's or is being updated (nothing was
 * changed then), a {@linkcode CommandError} if the copy fails, and an {@linkcode ActivationError} if the system was not
 * activated: its `outcome` tells what the machine runs.
 *
 * @example
 * ```ts ignore
 * import { connect, deploy } from "@nixos-anywhere/deno";
 * await using target = await connect("root@203.0.113.7", { resume: false });
 * await deploy(target, "/nix/store/0c8v6a1qzvlkn1rhkd5czbjl0ssbk5ss-nixos-system-web", { action: "boot" });
 * ```
 */
export async function deploy(
  session: Session,
  system: StorePath | string,
  options: DeployOptions = {},
): Promise<Deployed> {
  const { action = "switch", signal } = options;
  const path = storePath(system, "the NixOS system");
  if (!DEPLOY_ACTIONS.includes(action)) {
    throw new UsageError(`action: ${JSON.stringify(action)} is not possible`, {
      hint: `use one of ${DEPLOY_ACTIONS.join(", ")}`,
    });
  }
  const sudoPassword = once(options.sudoPassword);
  const facts = options.facts ?? await getFacts(session, { sudoPassword, signal });
  await refuseUnfit(session.label, facts, path);
  const report = options.report ? stamping(options.report, session.label) : session.report;
  const stages = Stages.of(report);
  const become = becomeRoot(facts);
  await stages.run(
    "copy",
    () => copyMissing(session, path, become, { ...options, report }),
    signal,
  );
  const {
    rollback = true,
    ignoreFailedUnits = false,
    installBootloader = false,
    timeout = TIMEOUTS.activate,
    confirmTimeout = TIMEOUTS.confirm,
  } = options;
  const activation = {
    ...{ action, rollback, ignoreFailedUnits, installBootloader, timeout, confirmTimeout },
    ...{ facts, sudoPassword, report, signal },
  };
  const done = await stages.run(
    "activate",
    () =>
      action === "dry-activate"
        ? dryActivate(session, path, { become, timeout, report, signal })
        : activate(session, path, activation),
    signal,
  );
  return { action, system: path, ...done };
}

/** The same answer for every later question. */
function once(ask: DeployOptions["sudoPassword"]): DeployOptions["sudoPassword"] {
  let answer: Promise<string | undefined> | undefined;
  return ask && (() => answer ??= ask());
}

async function refuseUnfit(host: string, facts: Facts, path: StorePath): Promise<void> {
  const refuse = (message: string, hint: string) => {
    throw new PreflightError(`${host}: ${message}`, { hint });
  };
  if (facts.os !== "Linux") {
    refuse(`runs ${facts.os}, which is no NixOS`, "name a machine that runs NixOS");
  }
  if (facts.installer) {
    refuse("runs a NixOS installer", "install the system first; an installer is not updated");
  }
  if (facts.become === "none") {
    const said = facts.becomeSaid === undefined ? "" : `: ${facts.becomeSaid}`;
    refuse(
      `${facts.user} is not root and cannot become root${said}`,
      becomeHint(facts.becomeSaid ?? "") ??
        "log in as root, or as a user whom sudo or doas lets become root; SUDO_PASSWORD gives sudo's password",
    );
  }
  const runsOn = await systemOf(path);
  const wrong = runsOn === undefined ? undefined : wrongSystem(runsOn, facts, host);
  if (wrong) throw wrong;
}

/** Copies the closure where the target does not have it, and nothing stands against an update. */
async function copyMissing(
  session: Session,
  path: StorePath,
  become: readonly string[],
  options: DeployOptions & { readonly report: Report },
): Promise<void> {
  const { action = "switch", rollback = true, copy, report, signal } = options;
  // Only what runs now can be lost; what boots next has its menu.
  const wayBack = rollback && (action === "switch" || action === "test");
  const { stdout } = await session.script(LOOK, {
    become,
    name: "look at the system",
    args: ["none", path, wayBack ? "y" : "n"],
    timeout: TIMEOUTS.connect,
    signal,
  });
  const refusal = refusalIn(stdout, session.label, path);
  if (refusal) throw refusal;
  if (/^valid$/m.test(stdout)) return;
  Stages.of(report).reach("copying");
  await copyClosure(session, path, { ...copy, become, report, signal });
}
