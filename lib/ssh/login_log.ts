/**
 * What ssh's log, at level DEBUG1, tells about a login. The lines that are read have been the same since
 * OpenSSH 5; a line that is not understood is only shown.
 *
 * @module
 */
import type { InstallError } from "../errors.ts";
import { escapeControls } from "../escape.ts";
import { type AcceptedKey, parseAcceptedKey } from "./accepted_key.ts";
import { loginFailure } from "./login_failure.ts";
import { LoginProgress } from "./login_progress.ts";

/** Plain lines that are kept, of each part of the log, and characters of each. */
const MOST_LINES = 20;
const LONGEST = 1000;

/** Collects the log of one ssh process. Bounded: keeps what it needs and the last plain lines. */
export class LoginLog {
  /** How far the login is. */
  readonly progress: LoginProgress = new LoginProgress();
  /** Whether an ssh server has said hello. */
  greeted = false;
  /** The fingerprint of the key that the server proved to have, `SHA256:…`. */
  fingerprint: string | undefined;
  /** Whether that key was in a known_hosts file before. */
  known = true;
  /** How the login was granted: `publickey`, `password`, … */
  method: string | undefined;
  /** The key that the server would take, or has taken. */
  acceptedKey: AcceptedKey | undefined;
  /**
   * Milliseconds there and back: from the question for the login service to its answer, which takes a server no
   * time. Where both ends wait before they send little, it is 40 ms at least.
   */
  roundTrip: number | undefined;
  /** Whether ssh was given the password; set by who made the login. */
  asked = false;
  /** The ways to log in that the server offers, as it said last. */
  offered: readonly string[] = [];
  /** Whether the server was asked whether it takes a key. */
  keyOffered = false;
  /** Whether only known keys of the machine would do; set by who made the login. */
  pinned = false;
  /** Whether there is a password to give; set by who made the login. */
  password = false;
  /** Whether the next try is made in another way since this one failed; set by who made the login. */
  mended = false;
  readonly #early: string[] = [];
  readonly #late: string[] = [];
  readonly #aside: string[] = [];
  #settled = false;
  #asked: number | undefined;

  /** Takes a line of the log. */
  add(line: string): void {
    const text = /^debug[123]: (.*)$/.exec(line)?.[1];
    if (text === undefined) this.progress.plain(line);
    else this.progress.add(text);
    if (text === undefined) this.#plain(line);
    else if (text.startsWith("Remote protocol version ")) this.greeted = true;
    // From here on the server can have text of its own in the log, such as a banner.
    else if (text.startsWith("SSH2_MSG_NEWKEYS received")) {
      this.#settled = true;
      this.#asked = performance.now();
    } else if (text.startsWith("SSH2_MSG_SERVICE_ACCEPT received")) {
      this.roundTrip ??= this.#asked && performance.now() - this.#asked;
    } else if (this.#settled && text.startsWith("Authentications that can continue: ")) {
      this.offered = text.slice(text.indexOf(": ") + 2).split(",");
    } else if (text.startsWith("Offering public key: ")) {
      this.keyOffered = true;
    } else if (text.startsWith("Server accepts key: ")) {
      this.acceptedKey = parseAcceptedKey(text.slice("Server accepts key: ".length));
    } else if (!this.#settled && /^Server host (key|certificate): /.test(text)) {
      this.fingerprint = /SHA256:[A-Za-z0-9+/=]+/.exec(text)?.[0];
      // What was said before was about a host on the way.
      this.known = true;
    } else if (!this.#settled && text.startsWith("Forcing accepting of host key for loopback")) {
      this.known = false;
    }
  }

  /** Takes a line that the login shell prints. */
  hear(line: string): void {
    if (line.trim() !== "") this.#keep(line.trim());
  }

  /** Takes a line of what makes the connection: a ProxyCommand, or the ssh to a machine on the way. */
  overhear(line: string): void {
    if (/^Confirm user presence/.test(line)) this.progress.plain(line);
    if (!/^debug\d: /.test(line) && isTelling(line)) this.#keep(line, this.#aside);
  }

  #keep(line: string, lines: string[] = this.#settled ? this.#late : this.#early): void {
    lines.push(escapeControls(line.slice(0, LONGEST)));
    if (lines.length > MOST_LINES) lines.shift();
  }

  #plain(line: string): void {
    if (!this.#settled && /^Warning: Permanently added /.test(line)) this.known = false;
    else if (isTelling(line)) this.#keep(line);
    this.method = /^Authenticated to .* using "([a-z-]+)"/.exec(line)?.[1] ?? this.method;
  }

  /** The error that the log tells of, for a login to `label` that failed. */
  failure(label: string): InstallError {
    return loginFailure(label, {
      ...{ early: this.#early, late: this.#late, aside: this.#aside },
      ...{ progress: this.progress, fingerprint: this.fingerprint, method: this.method },
      ...{ offered: this.offered, keyOffered: this.keyOffered, pinned: this.pinned },
      ...{ password: this.password, acceptedKey: this.acceptedKey },
    });
  }
}

/** Whether a line of ssh's says more than how it went. */
function isTelling(line: string): boolean {
  return line.trim() !== "" &&
    !/^(Authenticated to |Transferred: |Bytes per second: |OpenSSH_)/.test(line);
}
