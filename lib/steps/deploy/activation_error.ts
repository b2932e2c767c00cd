/**
 * What is said of an activation that did not end well.
 *
 * @module
 */
import { ActivationError, PreflightError } from "../../errors.ts";
import type { StorePath } from "../../plan/store_path.ts";
import type { Report } from "../../report/events.ts";
import { Stages } from "../../report/stages.ts";
import type { Session } from "../../ssh/session.ts";
import type { Standing } from "./follow.ts";

/** What was to be activated, and what is known of how that went. */
export interface Tried {
  readonly session: Session;
  readonly system: StorePath;
  readonly options: {
    readonly timeout: number;
    readonly confirmTimeout: number;
    readonly rollback: boolean;
    readonly ignoreFailedUnits: boolean;
    readonly report: Report;
  };
  /** The system before. */
  readonly previous: StorePath | undefined;
  /** Whether it was seen that it waits for a new login. */
  readonly confirming: boolean;
  /** Why a new login did not work, a clause. */
  readonly trouble: string | undefined;
}

/** The error of an activation that has ended so; tells the state that the target is in. */
export function activationError(tried: Tried, standing: Standing): ActivationError {
  const { session, previous } = tried;
  const { exitCode, left } = standing;
  const outcome = outcomeOf(standing);
  if (outcome !== "unknown") {
    Stages.of(tried.options.report).reach(outcome === "back" ? "back" : "partial");
  }
  const before = previous ?? "the system before";
  const then = {
    back: `it went back to ${before}`,
    broken: `going back to ${before} failed as well`,
    kept: "it was told not to go back",
    unknown: tried.options.rollback
      ? "it goes back by itself to the system before, and did not answer"
      : "it did not answer any more",
    lost: `it runs ${left?.running ?? "no system"}, its system profile is ${
      left?.profile ?? "none"
    }, and it does not go back`,
  }[outcome];
  return new ActivationError(`${session.label}: ${reason(tried, exitCode, outcome)}: ${then}`, {
    outcome,
    exitCode,
    hint: hint(outcome, exitCode, wasActivated(tried, exitCode)),
  });
}

function outcomeOf({ state }: Standing): ActivationError["outcome"] {
  if (state === "gone") return "lost";
  return state === "back" || state === "broken" || state === "kept" ? state : "unknown";
}

/** Whether a new login was all that it lacked: that it waited for one is not seen where the network went with it. */
function wasActivated({ confirming, options }: Tried, exitCode: number | undefined): boolean {
  return confirming || exitCode === 0 || exitCode === 4 && options.ignoreFailedUnits;
}

function reason(
  tried: Tried,
  exitCode: number | undefined,
  outcome: ActivationError["outcome"],
): string {
  const { system, options: { timeout, confirmTimeout }, trouble } = tried;
  if (outcome === "lost") {
    return `it forgot the update to ${system}: it was booted anew meanwhile, or /run was emptied`;
  }
  if (wasActivated(tried, exitCode)) {
    const why = trouble ? ` (${trouble})` : "";
    return `${system} was activated, and no new login worked within ${
      confirmTimeout / 1000
    } s${why}`;
  }
  if (exitCode === undefined) {
    return `the activation of ${system} did not end within ${timeout / 1000} s`;
  }
  if (exitCode === 4) return `units of ${system} failed (exit code 4)`;
  return `the activation of ${system} failed with exit code ${exitCode}`;
}

function hint(
  outcome: ActivationError["outcome"],
  exitCode: number | undefined,
  activated: boolean,
): string {
  if (outcome === "unknown") return "look at the machine's console";
  if (outcome === "lost") return "run the same command line again: the update begins anew";
  if (activated) {
    return "see what the new configuration changes of network, firewall, ssh server and users; " +
      "--action boot takes it at the next boot";
  }
  if (exitCode === 4) {
    return "see the failed units in the output above; --ignore-failed-units makes them a warning";
  }
  return "mend what the output above names";
}

const REFUSALS: Readonly<Record<string, readonly [message: string, hint: string]>> = {
  no_nixos: [
    "it runs no NixOS: there is neither /etc/NIXOS nor /run/current-system",
    "install NixOS on it first: nixos-anywhere --flake URI#NAME HOST",
  ],
  busy: ["another update is under way there", "wait until it has ended, or went back by itself"],
  no_switch: [
    "SYSTEM has no bin/switch-to-configuration",
    "name a NixOS system (system.build.toplevel) with system.switch.enable",
  ],
  no_way_back: [
    "the system that it runs cannot be activated again, so there is no way back",
    "activate the new one at the next boot (--action boot), or without a way back (--no-rollback)",
  ],
};

/** What a script there has said against an update, if it has. */
export function refusalIn(
  answer: string,
  host: string,
  system: StorePath,
): PreflightError | undefined {
  const [, why = ""] = /^(no_nixos|busy|no_switch|no_way_back)$/m.exec(answer) ?? [];
  const refusal = REFUSALS[why];
  if (!refusal) return undefined;
  const [message, hint] = refusal;
  return new PreflightError(`${host}: ${message.replace("SYSTEM", system)}`, { hint });
}
