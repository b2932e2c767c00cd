/**
 * What ssh makes of the user's own configuration, and who is believed because of it.
 *
 * @module
 */
import { resolve as resolvePath } from "../std_path.ts";
import { UsageError } from "../errors.ts";
import type { HostKeyPolicy } from "../plan/checks.ts";
import { run } from "../process.ts";
import { configPath, optionWords } from "./config.ts";
import { hostKeyLines, pinnedKeys, pinnedLines, plainAlgorithms } from "./host_key_lines.ts";
import { fingerprintScript, writePrivate } from "./askpass.ts";
import type { LoginOptions } from "./login_options.ts";

/** Writes the files that decide about host keys, and returns the options that make ssh use them. */
export async function hostKeyOptions(
  folder: string,
  options: LoginOptions,
  resolved: Resolved,
): Promise<string[]> {
  const { expectedHostKeys, expectedFingerprint, knownHosts } = options;
  const policy = options.hostKey ?? resolved.policy;
  const known = `${folder}/known_hosts`;
  const script = `${folder}/fingerprint.sh`;
  if (policy !== "off" && expectedHostKeys) {
    await writePrivate(known, pinnedKeys(expectedHostKeys));
    await writePrivate(script, fingerprintScript(expectedFingerprint));
    return pinnedLines(known, resolved.modern, expectedFingerprint && script);
  }
  await writePrivate(script, fingerprintScript(policy));
  // ssh itself would make one that others may read.
  await writePrivate(known, "");
  const files = knownHosts === undefined ? resolved.known : [resolvePath(knownHosts)];
  const users = files.map(configPath).join(" ");
  return hostKeyLines(policy, {
    ...{ known, users, fingerprintScript: script, modern: resolved.modern },
    chosen: options.hostKey !== undefined,
    plain: plainAlgorithms(resolved.hostKeyAlgorithms),
  });
}

/** What ssh makes of the user's own configuration. */
export interface Resolved {
  readonly policy: HostKeyPolicy;
  /** The user's known_hosts files. */
  readonly known: readonly string[];
  /** Whether ssh is OpenSSH 8.7 or newer. */
  readonly modern: boolean;
  readonly user: string;
  readonly hostname: string;
  /** Whether other machines may be on the way. */
  readonly jumps: boolean;
  readonly port: number;
  /** What known_hosts files call it in the place of name and port, where the user says so. */
  readonly alias: string | undefined;
  /** What ssh takes host keys of, with commas between them. */
  readonly hostKeyAlgorithms: string;
  /** What ciphers ssh offers, with commas between them. */
  readonly ciphers: string;
}

export async function resolve(
  config: readonly string[],
  host: string,
  signal: AbortSignal | undefined,
): Promise<Resolved> {
  const result = await run(["ssh", "-G", ...optionWords(config), "--", host], {
    allowFailure: true,
    timeout: 20_000,
    shown: ["ssh", "-G", host],
    hint: "see what your ssh config runs: Match exec, or the names that it looks up",
    signal,
  });
  if (result.code !== 0) {
    throw new UsageError(`ssh does not accept its configuration: ${result.stderr}`, {
      hint: "check --ssh-option and your ssh config",
    });
  }
  const value = (key: string) => new RegExp(`^${key} (.*)$`, "m").exec(result.stdout)?.[1] ?? "";
  const checking = value("stricthostkeychecking");
  const policy = /^(no|off|false)$/.test(checking)
    ? "off"
    : /^(yes|true)$/.test(checking)
    ? "strict"
    : "accept-new";
  const modern = value("sessiontype") !== "";
  const known = knownFiles(value("userknownhostsfile"));
  const jumps = ["proxyjump", "proxycommand"].some((key) => !/^(none)?$/.test(value(key)));
  const [user, hostname, port] = [value("user"), value("hostname"), Number(value("port"))];
  const ciphers = value("ciphers");
  const alias = value("hostkeyalias") || undefined;
  const hostKeyAlgorithms = value("hostkeyalgorithms");
  return {
    ...{ policy, known, modern, user, hostname, jumps, port, alias },
    ...{ ciphers, hostKeyAlgorithms },
  };
}

/** ssh prints whole paths with spaces between them, and does not quote a space in one. */
function knownFiles(value: string): string[] {
  return value.split(/ (?=[/~])/).filter((path) => path !== "" && path !== "none");
}
