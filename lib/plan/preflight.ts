/**
 * Whether a target can be installed as planned, before anything on it is changed.
 *
 * @module
 */
import { PreflightError } from "../errors.ts";
import { becomeHint } from "./become.ts";
import type { Facts, KexecSupport, LoginLink } from "./facts.ts";
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

/** What the published images need to unpack and run, in bytes; what is reported is less than what is built in. */
const PUBLISHED_MEMORY = 1.4e9;

/**
 * Checks the facts of a target against the plan and returns what stands against it, the gravest first;
 * `host` names the machine, `imageSize` is the image's in bytes, where it is known.
 */
export function objections(
  plan: Plan,
  facts: Facts,
  host: string,
  imageSize?: number,
): readonly PreflightError[] {
  const found: PreflightError[] = [];
  const object = (message: string, hint: string) =>
    found.push(new PreflightError(`${host}: ${message}`, { hint }));
  if (facts.os !== "Linux") {
    object(`requires Linux as the operating system, but got ${facts.os}`, TROUBLES.linux.hint);
  }
  if (facts.become === "none") {
    object(
      `${facts.user} is not root and cannot become root${
        facts.becomeSaid === undefined ? "" : `: ${facts.becomeSaid}`
      }`,
      becomeHint(facts.becomeSaid ?? "") ??
        "log in as root, or as a user whom sudo or doas lets become root; SUDO_PASSWORD gives sudo's password",
    );
  }
  if (!needsKexec(plan, facts)) {
    if (!facts.installer) {
      object(
        `runs ${
          facts.name || facts.os
        }, which is no NixOS installer, and --phases leaves kexec out`,
        "add kexec to --phases, or boot the machine into a NixOS installer first",
      );
    }
    return found;
  }
  const reason = facts.container === "none"
    ? AGAINST_KEXEC[facts.kexec]
    : `it is a container (${facts.container})`;
  if (reason !== undefined) {
    object(
      `kexec is not possible: ${reason}`,
      "boot the machine from a NixOS installer image, then run the same command line",
    );
  }
  for (const [tool, why] of Object.entries(KEXEC_TOOLS)) {
    if (facts.tools.includes(tool)) continue;
    object(
      `no ${tool} command found, but required to ${why}`,
      KEXEC_HINTS[tool] ?? `install ${tool} on the target`,
    );
  }
  // Packed image, unpacked initrd and a little to work with.
  const needed = plan.kexec.image === undefined ? PUBLISHED_MEMORY : 3 * (imageSize ?? 0);
  if (facts.memory > 0 && facts.memory < needed) {
    const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
    object(
      `has ${megabytes(facts.memory)} of memory, and the kexec image needs about ${
        megabytes(needed)
      }`,
      TROUBLES.initrd.hint,
    );
  }
  try {
    if (plan.kexec.image === undefined) defaultImage(facts.arch, host);
  } catch (error) {
    found.push(error as PreflightError);
  }
  return found;
}

const LINKS: Readonly<Record<LoginLink["kind"], string | undefined>> = {
  wired: undefined,
  wifi: "Wi-Fi",
  mobile: "a mobile network",
  tunnel: "a VPN or tunnel",
  vlan: "a VLAN",
};

/** What may go wrong after kexec though nothing is known to be wrong, one sentence each. */
export function concerns(facts: Facts, host: string): readonly string[] {
  const { name, kind } = facts.loginLink ?? {};
  const link = kind && LINKS[kind];
  return link === undefined ? [] : [
    `${host}: this login comes in over ${name}, which is ${link}: the installer has no settings for it and may ` +
    "not be reachable that way; log in by an address of a wired interface where there is one",
  ];
}

/** What `uname -m` says on a machine of each of nix's systems, where it is not the system's own name. */
const MACHINES: Readonly<Record<string, readonly string[]>> = {
  i686: ["i686", "i586", "i486", "i386", "x86_64"],
  armv6l: ["armv6l", "armv7l", "armv8l", "aarch64"],
  armv7l: ["armv7l", "armv8l", "aarch64"],
  powerpc64le: ["ppc64le"],
};

/** What stands against a system, such as `aarch64-linux`, on the machine of these facts. */
export function wrongSystem(
  system: string,
  facts: Facts,
  host: string,
): PreflightError | undefined {
  const [cpu = ""] = system.split("-");
  if ((MACHINES[cpu] ?? [cpu]).includes(facts.arch)) return undefined;
  return new PreflightError(`${host}: is ${facts.arch}, and the configuration is for ${system}`, {
    hint: "set the configuration's nixpkgs.hostPlatform to the target's, or name another target",
  });
}

/** Throws the first of the {@linkcode objections}, if there is one. */
export function preflight(plan: Plan, facts: Facts, host: string, imageSize?: number): void {
  const [first] = objections(plan, facts, host, imageSize);
  if (first) throw first;
}
