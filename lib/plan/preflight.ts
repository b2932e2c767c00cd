/**
 * Whether a target can be installed as planned, before anything on it is changed.
 *
 * @module
 */
import { PreflightError } from "../errors.ts";
import { becomeHint } from "./become.ts";
import type { Facts } from "./facts.ts";
import { defaultImage } from "./image.ts";
import type { Plan } from "./plan.ts";
import { TROUBLES } from "./troubles.ts";

/** Whether the target has to be booted into an installer first. */
export function needsKexec(plan: Plan, facts: Facts): boolean {
  return plan.phases.includes("kexec") && (!facts.installer || plan.kexec.force);
}

const AGAINST_KEXEC: Readonly<Record<Facts["kexec"], string | undefined>> = {
  possible: undefined,
  unknown: undefined,
  disabled: "its kernel does not load another one any more (kernel.kexec_load_disabled is set)",
  lockdown: "its kernel is locked down, as with Secure Boot",
  missing: "its kernel was built without kexec",
};

/** Why an installer cannot start the new system by kexec, as far as its facts tell. */
export function againstLastKexec(
  { kexec, tools }: Pick<Facts, "kexec" | "tools">,
): string | undefined {
  return AGAINST_KEXEC[kexec] ??
    (tools.includes("kexec") ? undefined : "there is no kexec command");
}

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
 * Memory for an image, in bytes: below `least` its packed files and their contents do not fit at once, below `usual` there is
 * little left to work with. What is reported is less than what is built in, and 1 GB is enough for the published images.
 */
interface Memory {
  readonly least: number;
  readonly usual: number;
}

const PUBLISHED_MEMORY: Memory = { least: 0.6e9, usual: 1.4e9 };

function memoryFor(plan: Plan, imageSize = 0): Memory {
  if (plan.kexec.image === undefined) return PUBLISHED_MEMORY;
  return { least: 1.8 * imageSize, usual: 3 * imageSize };
}

const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;

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
  const { least } = memoryFor(plan, imageSize);
  if (facts.memory > 0 && facts.memory < least) {
    object(
      `has ${megabytes(facts.memory)} of memory, and the kexec image needs at least ${
        megabytes(least)
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

const LINKS: Readonly<Record<NonNullable<Facts["loginLink"]>["kind"], string | undefined>> = {
  wired: undefined,
  wifi: "Wi-Fi",
  mobile: "a mobile network",
  tunnel: "a VPN or tunnel",
  vlan: "a VLAN",
};

/**
 * What cannot be told of a target that has to be booted into an installer: sentences for warnings, as the install goes on.
 */
export function doubts(
  plan: Plan,
  facts: Facts,
  host: string,
  imageSize?: number,
): readonly string[] {
  if (!needsKexec(plan, facts)) return [];
  const found: string[] = [];
  if (facts.maybeContainer !== undefined) {
    found.push(
      `it has the marks of a container (${facts.maybeContainer}) and shows the threads of a kernel of its own: taken as a machine`,
    );
  }
  if (facts.kexec === "unknown") found.push("its kernel does not tell whether it knows kexec");
  const { least, usual } = memoryFor(plan, imageSize);
  if (facts.memory === 0) found.push("it does not tell how much memory it has");
  else if (facts.memory >= least && facts.memory < usual) {
    found.push(
      `it has ${megabytes(facts.memory)} of memory, and ${
        megabytes(usual)
      } are usual for the kexec image: it may not be enough`,
    );
  }
  const { name, kind } = facts.loginLink ?? {};
  const link = kind && LINKS[kind];
  if (link !== undefined) {
    found.push(
      `this login comes in over ${name}, which is ${link}: the installer has no settings for it and may not be ` +
        "reachable that way; log in by an address of a wired interface where there is one",
    );
  }
  return found.map((doubt) => `${host}: ${doubt}`);
}

/**
 * Why a boot loader for one firmware may not be found by the machine of these facts: it was started by the other one. Some
 * machines have both, so that it is no more than a doubt.
 */
export function firmwareDoubt(
  firmware: Facts["firmware"],
  facts: Pick<Facts, "firmware">,
  host: string,
): string | undefined {
  if (!firmware || !facts.firmware || firmware === facts.firmware) return undefined;
  return firmware === "efi"
    ? `${host}: it was started by BIOS, and the configuration's boot loader is for EFI only: the new system boots only if the firmware can do EFI and is set to; GRUB with a BIOS boot partition does without`
    : `${host}: it was started by EFI, and the configuration's boot loader is for BIOS only: the new system boots only if the firmware can do BIOS too and is set to; systemd-boot, or GRUB with efiSupport, does without`;
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
  if (runsOn(system, facts)) return undefined;
  return new PreflightError(`${host}: is ${facts.arch}, and the configuration is for ${system}`, {
    hint: "set the configuration's nixpkgs.hostPlatform to the target's, or name another target",
  });
}

/** What stands against building on the machine of these facts what is built on `system`. */
export function wrongBuilder(
  system: string,
  facts: Facts,
  host: string,
): PreflightError | undefined {
  if (runsOn(system, facts)) return undefined;
  const message = `${host}: is ${facts.arch}, and the configuration is built on ${system}`;
  return new PreflightError(message, {
    hint: "build it here or on a remote builder of that kind, or set nixpkgs.buildPlatform",
  });
}

function runsOn(system: string, facts: Facts): boolean {
  const [cpu = ""] = system.split("-");
  return (MACHINES[cpu] ?? [cpu]).includes(facts.arch);
}

/** Throws the first of the {@linkcode objections}, if there is one. */
export function preflight(plan: Plan, facts: Facts, host: string, imageSize?: number): void {
  const [first] = objections(plan, facts, host, imageSize);
  if (first) throw first;
}
