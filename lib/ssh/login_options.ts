/**
 * How a target is reached.
 *
 * @module
 */
import type { Reporter } from "../report/events.ts";

/** How a target is reached; everything has a default. */
export interface ConnectOptions {
  /** The private key to log in with, or the `.pub` of a key that an agent holds. Default: ssh's own */
  readonly identityFile?: string | undefined;
  /**
   * Whether no other key is tried than the one that is named.
   * Default: first it alone, then the others too
   */
  readonly onlyIdentity?: boolean | undefined;
  /** The text of a private key to log in with; `identityFile` wins. Default: none */
  readonly privateKey?: string | undefined;
  /** The ssh port. Default: the destination's, else ssh's own */
  readonly port?: number | undefined;
  /** `KEY=VALUE` lines for ssh; they win over this module's own. Default: [] */
  readonly sshOptions?: readonly string[] | undefined;
  /** Whose host key is believed. Default: what the user's ssh config says, at least "accept-new" */
  readonly hostKey?: "accept-new" | "strict" | "off" | `SHA256:${string}` | undefined;
  /** The known_hosts file that decides. Default: those of the ssh config */
  readonly knownHosts?: string | undefined;
  /** The password to log in with, given to ssh when it asks. Default: ssh asks on the terminal */
  readonly password?: string | undefined;
  /** How long the login may take, in milliseconds. Default: {@linkcode TIMEOUTS}.connect */
  readonly timeout?: number | undefined;
  /** Ends the login, and every command of the session, when aborted; the session itself by its disposal. */
  readonly signal?: AbortSignal | undefined;
  /** Hears of what happens. Default: nobody */
  readonly report?: Reporter | undefined;
  /**
   * Where the installer of an earlier run may answer, which is logged in to where the target refuses the login or is
   * silent; `false`: nowhere. Default: port 22 of the target
   */
  readonly resume?:
    | false
    | { readonly host?: string | undefined; readonly port?: number | undefined }
    | undefined;
}

/** How one login is done. */
export interface LoginOptions extends Omit<ConnectOptions, "resume"> {
  /**
   * The text of a private key of our own: it logs in alone, without the user's keys, agent and answers.
   * Default: none
   */
  readonly temporaryKey?: string | undefined;
  /** The socket of an agent of our own, which keeps a key for later logins. Default: the user's agent */
  readonly agent?: string | undefined;
  /** Whether ssh may ask nobody: no passphrase, and no touch of a security key. Default: false */
  readonly unattended?: boolean | undefined;
  /** Whether nobody is asked for a password: for logins that have to work by key. Default: false */
  readonly keysOnly?: boolean | undefined;
  /** Public host keys, `TYPE BASE64`: one of them is demanded, and nothing else is believed. Default: none */
  readonly expectedHostKeys?: readonly string[] | undefined;
  /** The fingerprint of one more key that is believed with those. Default: none */
  readonly expectedFingerprint?: string | undefined;
  /**
   * Whether ssh's own algorithms are allowed where the server has none that the user's ssh config allows.
   * Default: where the target may run another system than before, after a boot and with `expectedHostKeys`
   */
  readonly wider?: boolean | undefined;
  /** Whether the target's processor is known to have instructions for AES-GCM. Default: false */
  readonly aes?: boolean | undefined;
  /** Called right before the target is contacted, at each login. */
  readonly onContact?: (() => void) | undefined;
}
