/**
 * The ssh configuration that a session uses. Pure: nothing here runs or writes.
 *
 * Two kinds, for two kinds of ssh process. The master logs in, with everything the user has configured,
 * and with ours before it on its command line: what is there counts first, and counts for this one
 * machine. (In a file it would count for the hosts of a ProxyJump too, whose ssh is given the same file.)
 * All others only talk to the master through its socket: they get a file without the user's settings
 * (whose forwardings, remote commands and logins are the master's business), and one in which a login of
 * their own fails at once, so that a lost master is noticed and never papered over.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import type { Destination } from "../plan/destination.ts";
import { sshOptionLine } from "../plan/ssh_option.ts";

/** What the master's configuration is made of. */
export interface LoginConfig {
  readonly destination: Destination;
  readonly port?: number | undefined;
  readonly identityFile?: string | undefined;
  /** Whether no other key is tried. */
  readonly onlyIdentity: boolean;
  readonly sshOptions: readonly string[];
  /** Whether there is a password to log in with. */
  readonly password: boolean;
  /** Whether no key is tried before it. */
  readonly passwordOnly?: boolean;
  /** Whether nobody may be asked for a password. */
  readonly keysOnly: boolean;
  /** Whether the one key is ours, and nothing of the user's is to be tried. */
  readonly temporary?: boolean | undefined;
  /** The socket of an agent of ours. */
  readonly agent?: string | undefined;
  /** Whether ssh may not ask a person for anything. */
  readonly unattended?: boolean | undefined;
  /** Whether ssh knows the keys that came with OpenSSH 8.7. */
  readonly modern: boolean;
  /** What ciphers are offered, with commas between them. Default: ssh's own and the user's */
  readonly ciphers?: string | undefined;
  /** Lines that decide about host keys, from `hostKeyLines()`. */
  readonly hostKeys: readonly string[];
  /** Lines that take back what the user's ssh config allows too little of, from `widerLine()`. Default: [] */
  readonly wider?: readonly string[] | undefined;
  /** Seconds until the server has greeted: to ssh it is one time with that for the connection. Default: 20 */
  readonly connectTimeout?: number | undefined;
}

/** The master's options, `KEY VALUE`: ssh takes the first value of each key, so what comes first wins. */
export function loginOptions(config: LoginConfig): string[] {
  const { destination, identityFile } = config;
  const port = config.port ?? destination.port;
  const identity = identityFile === undefined ? [] : [
    `IdentityFile ${configPath(identityFile)}`,
    `IdentitiesOnly ${config.onlyIdentity ? "yes" : "no"}`,
  ];
  return [
    ...config.hostKeys,
    ...(config.temporary ? temporaryLines(config.modern) : []),
    ...(config.unattended ? unattendedLines(config.modern) : []),
    ...(config.agent === undefined || config.temporary || !config.onlyIdentity
      ? []
      : [`IdentityAgent ${configPath(config.agent)}`, "AddKeysToAgent yes"]),
    ...(port === undefined ? [] : [`Port ${port}`]),
    ...(destination.user === undefined ? [] : [`User ${configValue(destination.user)}`]),
    ...(config.temporary ? identity : []),
    ...config.sshOptions.map(sshOptionLine),
    ...(config.temporary ? [] : identity),
    ...(config.wider ?? []),
    ...(config.ciphers === undefined ? [] : [`Ciphers ${config.ciphers}`]),
    // Nobody is asked twice for what is known already; a second wrong answer may lock an account.
    ...(config.password
      ? ["BatchMode no", "PasswordAuthentication yes", "NumberOfPasswordPrompts 1"]
      : []),
    // sshd ends a login after six keys that it does not know, and an agent may hold as many.
    ...(config.passwordOnly ? ["PreferredAuthentications keyboard-interactive,password"] : []),
    ...(config.keysOnly ? ["PasswordAuthentication no", "KbdInteractiveAuthentication no"] : []),
    // The user's own settings for these would end the run's one connection or mix into its output.
    "RequestTTY no",
    "RemoteCommand none",
    ...(config.modern ? ["SessionType default", "StdinNull no", "ForkAfterAuthentication no"] : []),
    // With it the lines of the log have other beginnings.
    ...(config.modern ? ["LogVerbose none"] : []),
    "ClearAllForwardings yes",
    "ForwardX11 no",
    "PermitLocalCommand no",
    "CheckHostIP no",
    `ConnectTimeout ${config.connectTimeout ?? 20}`,
    // Whoever awaits the login tries again, ever less often.
    "ConnectionAttempts 1",
    // A connection that carries nothing for half a minute is lost.
    "ServerAliveInterval 5",
    "ServerAliveCountMax 6",
  ];
}

/** Our own key logs in, whatever the user's config says of keys, and whatever else is in it is not asked. */
function temporaryLines(modern: boolean): string[] {
  return [
    "PubkeyAuthentication yes",
    "PreferredAuthentications publickey",
    "IdentityAgent none",
    "BatchMode yes",
    ...(modern ? [`PubkeyAcceptedAlgorithms ${OWN_ALGORITHMS}`] : []),
  ];
}

/**
 * What every login needs, whatever anybody has configured: the log is read, and ssh, which keeps new host keys in the
 * first of several known_hosts files, would take the machine's keys out of the others, which are the user's.
 */
export const FIRST_OPTIONS: readonly string[] = [
  "LogLevel DEBUG1",
  "FingerprintHash sha256",
  "UpdateHostKeys no",
  "ControlMaster yes",
  "ControlPersist no",
];

const OWN_ALGORITHMS = "ssh-ed25519,ecdsa-sha2-nistp256,rsa-sha2-512,rsa-sha2-256";

function unattendedLines(modern: boolean): string[] {
  return ["BatchMode yes", ...(modern ? ["PubkeyAcceptedAlgorithms -sk-*"] : [])];
}

/** The words that give ssh these options. */
export function optionWords(options: readonly string[]): string[] {
  return options.flatMap((option) => ["-o", option]);
}

/** The configuration of everything that talks through the master at `socket`, nix's ssh included. */
export function socketConfig(socket: string): string {
  return [
    "Host *",
    `ControlPath ${socket}`,
    "ControlMaster no",
    "ProxyCommand exit 255",
    "LogLevel ERROR",
    "",
  ]
    .join("\n");
}

/** A path in an ssh config: quoted, and with the `%` that ssh would expand doubled. */
export function configPath(path: string): string {
  return configValue(path.replaceAll("%", "%%"));
}

function configValue(value: string): string {
  // ssh has no way to write a quote or an environment reference literally in all its versions.
  if (/["\p{Cc}\\]|\$\{/u.test(value)) {
    throw new UsageError(`${JSON.stringify(value)} cannot be written into an ssh configuration`, {
      hint: "use a path without quotes, backslashes, ${ and control characters",
    });
  }
  return `"${value}"`;
}
