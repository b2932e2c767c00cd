/**
 * The rules for values of options. Each throws a {@linkcode UsageError} that names the option.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { didYouMean } from "../near.ts";
import { type Destination, parseDestination } from "./destination.ts";
import type { Chown, HardwareConfig, Setting } from "./options.ts";
import { sshOptionLine } from "./ssh_option.ts";
import { TROUBLES } from "./troubles.ts";

/** Whose host key is believed: what known_hosts files say, nobody's, or the one of a fingerprint. */
export type HostKeyPolicy = "accept-new" | "strict" | "off" | `SHA256:${string}`;

/** Checks a host key policy. */
export function readHostKey(policy: string, name: string): HostKeyPolicy {
  if (/^(accept-new|strict|off|SHA256:[A-Za-z0-9+/]{43}=?)$/.test(policy)) {
    return policy.replace(/=$/, "") as HostKeyPolicy;
  }
  throw new UsageError(`${name}: ${JSON.stringify(policy)} is not possible`, {
    hint: didYouMean(
      policy,
      ["accept-new", "strict", "off"],
      "use accept-new, strict, off, or a fingerprint SHA256:... as ssh-keygen -l prints it",
    ),
  });
}

/** Checks a SHA-256 in hexadecimal digits. */
export function readSha256(digest: string, name: string): string {
  if (/^[0-9a-fA-F]{64}$/.test(digest)) return digest.toLowerCase();
  throw new UsageError(`${name}: ${JSON.stringify(digest)} is no SHA-256`, {
    hint: "give 64 hexadecimal digits, as sha256sum prints them",
  });
}

/** Checks a hardware configuration. */
export function checkHardware(config: HardwareConfig, name: string): HardwareConfig {
  filled(config.path, name);
  oneOf(name, config.backend, ["nixos-facter", "nixos-generate-config"]);
  return config;
}

/** Refuses an empty value: it is a variable of the caller's shell that was never set. */
export function filled(value: string, name: string): string {
  if (value !== "") return value;
  throw new UsageError(`${name}: its value is empty`, { hint: `name one, or leave ${name} out` });
}

/** Checks that each setting has a name. */
export function checkSettings(settings: readonly Setting[], name: string): readonly Setting[] {
  for (const setting of settings) filled(setting.name, name);
  return settings;
}

/** Leaves the options as they are: whoever writes the ssh config makes lines of them. */
export function checkSshOptions(options: readonly string[]): readonly string[] {
  options.forEach(sshOptionLine);
  return options;
}

/** Checks where the target is. */
export function readTarget(host: string): Destination {
  return host === "" ? noTarget() : parseDestination(host);
}

/** Throws the error of a target that is not named. */
export function noTarget(): never {
  throw new UsageError("ssh-host must be set: no target is named", { hint: TROUBLES.host.hint });
}

/** Root logs in to the installer, at the port that `--post-kexec-ssh-port` names: only the host can be another. */
export function readInstallerHost(text: string, name: string): string {
  const { host, user, port } = parseDestination(filled(text, name));
  if ((user ?? "root") === "root" && port === undefined) return host;
  throw new UsageError(`${name}: ${JSON.stringify(text)} is more than a host`, {
    hint: "name the host alone; --post-kexec-ssh-port has its port, and the login is root's",
  });
}

/** Checks that a value is one of a few. */
export function oneOf<T>(name: string, value: T, allowed: readonly T[]): T {
  if (allowed.includes(value)) return value;
  throw new UsageError(`${name}: ${JSON.stringify(value)} is not possible`, {
    hint: didYouMean(`${value}`, allowed.map(String), `use one of ${allowed.join(", ")}`),
  });
}

/** Checks a path of the new system and its owner. */
export function readChown({ path, owner }: Chown, name: string): Chown {
  if (!/^[^\p{Cc}]+$/u.test(path) || path.split("/").includes("..")) {
    throw new UsageError(`${name}: ${JSON.stringify(path)} is no path of the new system`, {
      hint: "the first value is a path of the new system without .., the second its owner",
    });
  }
  if (
    !/^[\p{L}\p{N}_][\p{L}\p{N}_.-]*\$?(:[\p{L}\p{N}_.-]*\$?)?$|^:[\p{L}\p{N}_][\p{L}\p{N}_.-]*$/u
      .test(owner)
  ) {
    throw new UsageError(`${name} ${JSON.stringify(path)}: ${JSON.stringify(owner)} is no owner`, {
      hint: "write user, user:group or numbers, as for chown",
    });
  }
  // The bash tool put /mnt/ in front of it, so a path was as good without its first slash.
  return { path: path.startsWith("/") ? path : `/${path}`, owner };
}
