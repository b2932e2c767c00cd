/**
 * Whether a target can be installed as planned, before anything on it is changed.
 *
 * @module
 */
import { PreflightError } from "../errors.ts";
import type { Facts, KexecSupport } from "./facts.ts";
import { defaultImage } from "./image.ts";
import type { Plan } from "./plan.ts";
import { TROUBLES } from "./troubles.ts";

/** Whether the target has to be booted into an installer first. */
export function needsKexec(plan: Plan, facts: Facts): boolean {
  return plan.phases.includes("kexec") && (!facts.installer || plan.kexec.force);
}

const AGAINST_KEXEC: Readonly<Record<KexecSupport, string | undefined>> = {
  possible: undefined,
  disabled: "its kernel does not load another one any more (kernel.kexec_load_disabled is set)",
  lockdown: "its kernel is locked down, as with Secure Boot",
  missing: "its kernel was built without kexec",
};

/** What a kexec needs on the target besides a way to become root. */
const KEXEC_TOOLS = {
  tar: "unpack the kexec image",
  cpio: "add the machine's keys and addresses to the image",
  gzip: "add the machine's keys and addresses to the image",
  mktemp: "make a private folder for the image",
  "setsid --wait": "run the image's script under a new session",
} as const;

const KEXEC_HINTS: Readonly<Record<string, string>> = {
  tar: TROUBLES.tar.hint,
  "setsid --wait": TROUBLES.setsid.hint,
};

/**
 * Checks the facts of a target against the plan. Throws a {@linkcode PreflightError} on the first thing
 * that stands against it; `host` names the machine.
 */
export function preflight(plan: Plan, facts: Facts, host: string): void {
  const refuse = (message: string, hint: string) =>
    new PreflightError(`${host}: ${message}`, { hint });
  if (facts.os !== "Linux") {
    throw refuse(
      `requires Linux as the operating system, but got ${facts.os}`,
      TROUBLES.linux.hint,
    );
  }
  if (facts.become === "none") {
    throw refuse(
      `${facts.user} is not root and cannot become root without a password`,
      "log in as root, or let the user run sudo or doas without a password",
    );
  }
  if (needsKexec(plan, facts)) {
    const reason = facts.container === "none"
      ? AGAINST_KEXEC[facts.kexec]
      : `it is a container (${facts.container})`;
    if (reason !== undefined) {
      throw refuse(
        `kexec is not possible: ${reason}`,
        "boot the machine from a NixOS installer image, then run the same command line",
      );
    }
    for (const [tool, why] of Object.entries(KEXEC_TOOLS)) {
      if (facts.tools.includes(tool)) continue;
      throw refuse(
        `no ${tool} command found, but required to ${why}`,
        KEXEC_HINTS[tool] ?? `install ${tool} on the target`,
      );
    }
    if (plan.kexec.image === undefined) defaultImage(facts.arch, host);
    return;
  }
  if (facts.installer) return;
  throw refuse(
    `runs ${facts.name || facts.os}, which is no NixOS installer, and --phases leaves kexec out`,
    "add kexec to --phases, or boot the machine into a NixOS installer first",
  );
}
