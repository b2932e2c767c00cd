/**
 * The rules for single values of options. Each throws a {@linkcode UsageError} that names the option.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import type { BuildOn, Chown, HardwareConfig } from "./options.ts";
import { sshOptionLine } from "./ssh_option.ts";

/** Whose host key is believed: what known_hosts files say, nobody's, or the one of a fingerprint. */
export type HostKeyPolicy = "accept-new" | "strict" | "off" | `SHA256:${string}`;

/** Checks a host key policy. */
export function readHostKey(policy: string | undefined): HostKeyPolicy | undefined {
  if (policy === undefined || /^(accept-new|strict|off|SHA256:[A-Za-z0-9+/]{43}=?)$/.test(policy)) {
    return policy?.replace(/=$/, "") as HostKeyPolicy | undefined;
  }
  throw new UsageError(`--host-key: ${JSON.stringify(policy)} is not possible`, {
    hint: "use accept-new, strict, off, or a fingerprint SHA256:... as ssh-keygen -l prints it",
  });
}

/** Checks a SHA-256 in hexadecimal digits. */
export function readSha256(digest: string | undefined): string | undefined {
  if (digest === undefined || /^[0-9a-fA-F]{64}$/.test(digest)) return digest?.toLowerCase();
  throw new UsageError(`--kexec-sha256: ${JSON.stringify(digest)} is no SHA-256`, {
    hint: "give 64 hexadecimal digits, as sha256sum prints them",
  });
}

/** Checks where to build. */
export function readBuildOn(value: BuildOn = "auto"): BuildOn {
  return oneOf("--build-on", value, ["auto", "local", "remote"]);
}

/** Checks a hardware configuration. */
export function readHardware(config: HardwareConfig | undefined): HardwareConfig | undefined {
  const programs = ["nixos-facter", "nixos-generate-config"] as const;
  if (config) oneOf("--generate-hardware-config", config.backend, programs);
  return config;
}

/** Leaves the option as it is: whoever writes the ssh config makes a line of it. */
export function checkSshOption(option: string): string {
  sshOptionLine(option);
  return option;
}

/** Checks that a value is one of a few. */
export function oneOf<T extends string>(flag: string, value: T, allowed: readonly T[]): T {
  if (allowed.includes(value)) return value;
  throw new UsageError(`${flag}: ${JSON.stringify(value)} is not possible`, {
    hint: `use one of ${allowed.join(", ")}`,
  });
}

/** Checks a path and its owner. */
export function checkChown(chown: Chown): Chown {
  const { path, owner } = chown;
  if (!/^[^\p{Cc}]+$/u.test(path) || path.split("/").includes("..")) {
    throw new UsageError(`--chown: ${JSON.stringify(path)} is no path of the new system`, {
      hint: "the first value is a path of the new system without .., the second its owner",
    });
  }
  if (
    !/^[\p{L}\p{N}_][\p{L}\p{N}_.-]*\$?(:[\p{L}\p{N}_.-]*\$?)?$|^:[\p{L}\p{N}_][\p{L}\p{N}_.-]*$/u
      .test(owner)
  ) {
    throw new UsageError(`--chown ${JSON.stringify(path)}: ${JSON.stringify(owner)} is no owner`, {
      hint: "write user, user:group or numbers, as for chown",
    });
  }
  // The bash tool put /mnt/ in front of it, so a path was as good without its first slash.
  return { path: path.startsWith("/") ? path : `/${path}`, owner };
}
