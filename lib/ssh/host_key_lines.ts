/**
 * Lines of an ssh configuration that decide whose host key is believed. Pure.
 *
 * @module
 */
import type { HostKeyPolicy } from "../plan/checks.ts";

/** The name under which host keys are kept where they must not depend on address and port. */
export const HOST_KEY_ALIAS = "nixos-anywhere-target";

/** What decides about host keys. */
export interface HostKeyFiles {
  /** Our own file; the user's come behind it. */
  readonly known: string;
  readonly users: string;
  readonly fingerprintScript: string;
  /** Whether ssh knows the keys that came with OpenSSH 8.7. */
  readonly modern: boolean;
  /** Whether the policy was asked for: then nothing of the user's ssh config is weaker. Default: false */
  readonly chosen?: boolean;
  /** From {@linkcode plainAlgorithms}. Default: what ssh's own and the user's configuration say */
  readonly plain?: string | undefined;
}

/** The lines that make ssh follow `policy`. */
export function hostKeyLines(policy: HostKeyPolicy, files: HostKeyFiles): string[] {
  const chosen = files.chosen ? ["NoHostAuthenticationForLocalhost no"] : [];
  switch (policy) {
    case "off":
      // With another key from one of these ssh would not send a password.
      return [
        "StrictHostKeyChecking no",
        "UserKnownHostsFile /dev/null",
        "GlobalKnownHostsFile /dev/null",
        ...(files.modern ? ["KnownHostsCommand none"] : []),
      ];
    case "strict":
      return [
        "StrictHostKeyChecking yes",
        `UserKnownHostsFile ${files.known} ${files.users}`,
        ...chosen,
      ];
    case "accept-new":
      return [
        "StrictHostKeyChecking accept-new",
        `UserKnownHostsFile ${files.known} ${files.users}`,
        ...chosen,
      ];
    default:
      return [
        "StrictHostKeyChecking yes",
        "UserKnownHostsFile /dev/null",
        "GlobalKnownHostsFile /dev/null",
        ...ONLY_THESE,
        ...(files.plain ? [`HostKeyAlgorithms ${files.plain}`] : []),
        fingerprintLine(files.fingerprintScript),
      ];
  }
}

/**
 * Of what ssh takes host keys of, what is no certificate: a fingerprint is that of the key in it, and ssh asks whether
 * the certificate is known.
 */
export function plainAlgorithms(algorithms: string): string {
  return algorithms.split(",").filter((one) => !one.includes("-cert-")).join();
}

/** Nobody else vouches for a key: no record of the name service, and no address. */
const ONLY_THESE = ["VerifyHostKeyDNS no", "NoHostAuthenticationForLocalhost no"];

/** Makes ssh ask the script for known keys; since OpenSSH 8.5. */
function fingerprintLine(script: string): string {
  return `KnownHostsCommand /bin/sh ${script} %f %H %t %K`;
}

/**
 * The lines that demand one of the keys in the file `known`, whatever address and port are; or, with a
 * script, the key of its fingerprint.
 */
export function pinnedLines(known: string, modern: boolean, script?: string): string[] {
  const command = script === undefined ? "KnownHostsCommand none" : fingerprintLine(script);
  return [
    ...(modern ? [command] : []),
    ...ONLY_THESE,
    "StrictHostKeyChecking yes",
    `HostKeyAlias ${HOST_KEY_ALIAS}`,
    `UserKnownHostsFile ${known}`,
    "GlobalKnownHostsFile /dev/null",
  ];
}

/** A known_hosts file that accepts just `keys`, each `TYPE BASE64`, under the alias. */
export function pinnedKeys(keys: readonly string[]): string {
  return keys.map((key) => `${HOST_KEY_ALIAS} ${key}\n`).join("");
}
