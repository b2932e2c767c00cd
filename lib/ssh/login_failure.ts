/**
 * What to say of a login that failed: what ssh's log holds, in one line, and what to do about it.
 *
 * @module
 */
import { ConnectionError, HostIdentityError, type InstallError, LoginError } from "../errors.ts";
import { type AcceptedKey, personNeeded } from "./accepted_key.ts";
import { commonOption } from "./algorithms.ts";
import type { LoginProgress } from "./login_progress.ts";
import { lastWords, shellHint } from "./no_shell.ts";
import { quote } from "./quote.ts";

/** What is known of a login that failed. */
export interface FailedLogin {
  /** What ssh and others have said before the session keys were settled: nothing of it is the server's own text. */
  readonly early: readonly string[];
  /** What was said afterwards. */
  readonly late: readonly string[];
  /** What was said by what makes the connection. */
  readonly aside: readonly string[];
  readonly progress: LoginProgress;
  readonly fingerprint: string | undefined;
  /** How the login was granted, if it was. */
  readonly method: string | undefined;
  /** The ways to log in that the server offered last. */
  readonly offered: readonly string[];
  /** Whether the server was asked whether it takes a key. */
  readonly keyOffered: boolean;
  /** Whether only known keys of the machine would do, whatever the user's files say. */
  readonly pinned: boolean;
  /** The key that the server would have taken. */
  readonly acceptedKey: AcceptedKey | undefined;
  /** Whether there was a password to give. */
  readonly password: boolean;
}

/** Lines that only say that a connection is over: what went wrong stands before them. */
const OVER =
  /^(Connection (closed|reset) by |Connection to .* closed|Disconnected from |kex_exchange_identification: ((read|write): )?(Connection|Broken pipe)|banner exchange: Connection |Killed by signal |ssh: connect to host .*: failure$|stdio forwarding failed$)/;

/** What ssh says of a login that a server refuses; a file or a network may deny permission, too. */
const REFUSED =
  /: Permission denied \(|^Permission denied, |Too many authentication failures|no more authentication methods/im;

/** The error of a login to `label`. */
export function loginFailure(label: string, login: FailedLogin): InstallError {
  const { early, late, aside, method, progress } = login;
  const text = [...early, ...late].join("\n");
  const identity = identityFailure(label, login);
  if (identity) return identity;
  if (progress.indirect && !progress.at("greeted") && !progress.throttled) {
    const said = [...early, ...aside];
    const hint =
      "log in with ssh itself to the machine on the way, or look at the ProxyCommand of your ssh config";
    return REFUSED.test(said.join("\n"))
      ? new LoginError(`${label}: login refused on the way: ${reason(said)}`, { hint })
      : new ConnectionError(`${label}: no ssh connection: ${reason(said)}`, { hint });
  }
  if (REFUSED.test(text)) {
    return new LoginError(`${label}: login refused: ${reason(late.length > 0 ? late : early)}`, {
      hint: keyHint(login),
      fingerprint: login.fingerprint,
    });
  }
  const [unknown] = /^.*Could not resolve hostname.*$/m.exec(text) ?? [];
  if (unknown) {
    const family = unknown.includes("Address family");
    return new ConnectionError(
      `${label}: ${family ? "no ssh connection" : "the name is not known"}: ${unknown}`,
      {
        hint: family
          ? "AddressFamily in your ssh config forbids this kind of address: --ssh-option AddressFamily=any"
          : "check the spelling, or use the address",
      },
    );
  }
  if (
    /Bad configuration option|keyword .* extra arguments|terminating, \d+ bad configuration|Cannot execute command-line and remote command/
      .test(text)
  ) {
    return new ConnectionError(`${label}: ssh does not accept its configuration: ${text}`, {
      hint: "check --ssh-option and your ssh config",
    });
  }
  if (method !== undefined) {
    const words = lastWords(text);
    const why = `the login works, and its command ends at once${words && `: ${words}`}`;
    return new ConnectionError(`${label}: retrieving host facts via ssh failed: ${why}`, {
      hint: shellHint(text),
    });
  }
  if (progress.throttled) {
    const said = JSON.stringify(progress.notice);
    return new ConnectionError(`${label}: no ssh connection: its ssh server says ${said}`, {
      hint:
        "it has too many connections, or shuts this address out for some minutes: try again later, " +
        "or set MaxStartups or PerSourcePenalties there",
    });
  }
  const why = progress.at("greeted") ? [...early, ...late].at(-1) : reason(early);
  return new ConnectionError(`${label}: no ssh connection: ${why ?? "ssh said nothing"}`, {
    hint: connectionHint(text, progress),
  });
}

function identityFailure(label: string, login: FailedLogin): HostIdentityError | undefined {
  const { fingerprint, pinned } = login;
  // Before the target has shown a key it was somebody else's.
  const text = [...login.early, ...(fingerprint === undefined ? login.aside : [])].join("\n");
  const changed = /REMOTE HOST IDENTIFICATION HAS CHANGED/.test(text);
  if (!changed && !/Host key verification failed|host key is known for/.test(text)) {
    return undefined;
  }
  if (fingerprint === undefined) {
    return new HostIdentityError(`${label}: the host key of a machine on the way is not accepted`, {
      hint:
        "log in to that machine with ssh itself, and compare its key with the one on its console",
    });
  }
  const key = `${label}: its host key ${fingerprint}`;
  if (/REVOKED HOST KEY DETECTED|is marked as revoked|revoked by file /.test(text)) {
    return new HostIdentityError(`${key} is revoked`, {
      hint:
        "known_hosts or RevokedHostKeys says that nobody may believe this key: the machine needs another",
      fingerprint,
    });
  }
  if (changed && pinned) {
    return new HostIdentityError(`${key} is not the one known for it`, {
      hint:
        "another machine answers there, or the machine did not keep its host keys: check the address and port " +
        "(--installer-host, --post-kexec-ssh-port), and compare the key with the machine's console",
      fingerprint,
    });
  }
  if (changed) {
    return new HostIdentityError(`${key} is not the one known for it`, {
      hint:
        "if the machine was reinstalled, remove the old key from known_hosts; if not, someone may be in between",
      fingerprint,
    });
  }
  const [unchecked] = /^Error checking host key .*$/m.exec(text) ?? [];
  if (unchecked !== undefined) {
    return new HostIdentityError(`${key} cannot be checked: ${unchecked}`, {
      hint: "check RevokedHostKeys in your ssh config: ssh wants to read that file",
      fingerprint,
    });
  }
  return new HostIdentityError(`${key} is not accepted`, {
    hint:
      "compare it with the machine's console, then add it to known_hosts or give it with --host-key",
    fingerprint,
  });
}

/** The last line that tells more than that the connection is over. */
function reason(lines: readonly string[]): string {
  return lines.findLast((line) => !OVER.test(line)) ?? lines.at(-1) ?? "ssh said nothing";
}

/** What to do about a login that was refused: what kept a key from being used is told first. */
function keyHint(login: FailedLogin): string {
  const { early, late, keyOffered, offered, password, acceptedKey } = login;
  const text = [...early, ...late].join("\n");
  const [, open] = /^Permissions \S+ for '(.+)' are too open\.$/m.exec(text) ?? [];
  if (open !== undefined) {
    return `ssh uses no key that others may read: chmod 600 ${quote(open)}`;
  }
  if (acceptedKey?.path.endsWith(".pub")) {
    return `the server takes ${acceptedKey.path}, and no agent that ssh reaches has the private key: ssh-add it`;
  }
  const [unread] =
    /^(Load key ".*|sign_and_send_pubkey: (no mutual|signing failed).*|.*agent refused operation.*)$/m
      .exec(text) ?? [];
  if (unread !== undefined) return `ssh could not use a key of yours: ${unread}`;
  if (/Too many authentication failures/.test(text)) {
    return "the server counts each key that it is offered: name the right one with -i, --ssh-option IdentitiesOnly=yes";
  }
  if (password && offered.some((one) => /^(password|keyboard-interactive)$/.test(one))) {
    return "check the user name and the password in SSHPASS; for root a server may take keys only (PermitRootLogin)";
  }
  if (offered.length > 0 && !offered.includes("publickey")) {
    const wanted = offered.join(" or ");
    return password
      ? `the server asks for ${wanted}, which SSHPASS cannot answer`
      : `the server asks for ${wanted}: --env-password gives it the password in SSHPASS`;
  }
  if (acceptedKey) {
    return `the server takes a key of yours, which waits for ${personNeeded(acceptedKey)}: ` +
      "ssh-add it to an agent, or be at a terminal";
  }
  if (!keyOffered && offered.length > 0) {
    return "ssh has offered none of your keys: -i names one; see also PubkeyAuthentication and PreferredAuthentications in your ssh config";
  }
  return "check the user name and that your key is in its authorized_keys; -i names a key, --env-password uses SSHPASS";
}

function connectionHint(text: string, { disagreement }: LoginProgress): string {
  if (disagreement) {
    const option = commonOption(disagreement);
    return option === undefined || /Their offer: *$/m.test(text)
      ? "look at the settings of its ssh server"
      : `--ssh-option ${option}=+NAME allows one that it offers; see also ${option} in your ssh config`;
  }
  if (/^(bind |getifaddrs: |getaddrinfo: )/m.test(text)) {
    return "check BindAddress and BindInterface in your ssh config";
  }
  if (/^KnownHostsCommand /m.test(text)) return "check KnownHostsCommand in your ssh config";
  return "check the address and port, that the machine is up, and that a firewall lets ssh through";
}
