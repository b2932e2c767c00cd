/**
 * What ssh's log, at level DEBUG1, tells about a login. The lines that are read have been the same since
 * OpenSSH 5; a line that is not understood is only shown.
 *
 * @module
 */
import { ConnectionError, HostIdentityError, type InstallError, LoginError } from "../errors.ts";
import { escapeControls } from "../escape.ts";
import { type AcceptedKey, parseAcceptedKey } from "./accepted_key.ts";
import { LoginProgress } from "./login_progress.ts";
import { lastWords, shellHint } from "./no_shell.ts";

/** Collects the log of one ssh process. Bounded: keeps what it needs and the last 20 plain lines. */
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
  #lines: string[] = [];
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
    } else if (text.startsWith("Server accepts key: ")) {
      this.acceptedKey = parseAcceptedKey(text.slice("Server accepts key: ".length));
    } else if (!this.#settled && text.startsWith("Server host key: ")) {
      this.fingerprint = /SHA256:\S+/.exec(text)?.[0];
      // What was said before was about a host on the way.
      this.known = true;
    }
  }

  /** Takes a line that the login shell prints. */
  hear(line: string): void {
    if (line.trim() !== "") this.#keep(line.trim());
  }

  #keep(line: string): void {
    this.#lines.push(escapeControls(line));
    if (this.#lines.length > 20) this.#lines.shift();
  }

  #plain(line: string): void {
    if (!this.#settled && /^Warning: Permanently added /.test(line)) this.known = false;
    else if (
      line.trim() !== "" &&
      !/^(Authenticated to |Transferred: |Bytes per second: |OpenSSH_)/.test(line)
    ) {
      this.#keep(line);
    }
    this.method = /^Authenticated to .* using "([a-z-]+)"/.exec(line)?.[1] ?? this.method;
  }

  /** The error that the log tells of, for a login to `label` that failed. */
  failure(label: string): InstallError {
    const text = this.#lines.join("\n");
    const last = this.#lines.at(-1) ?? "ssh said nothing";
    if (
      this.fingerprint === undefined &&
      /REMOTE HOST IDENTIFICATION HAS CHANGED|Host key verification failed/.test(text)
    ) {
      return new HostIdentityError(
        `${label}: the host key of a machine on the way is not accepted`,
        {
          hint:
            "log in to that machine with ssh itself, and compare its key with the one on its console",
        },
      );
    }
    if (/REMOTE HOST IDENTIFICATION HAS CHANGED/.test(text)) {
      return new HostIdentityError(
        `${label}: its host key ${this.fingerprint ?? ""} is not the one known for it`.replace(
          "  ",
          " ",
        ),
        {
          hint:
            "if the machine was reinstalled, remove the old key from known_hosts; if not, someone may be in between",
          fingerprint: this.fingerprint,
        },
      );
    }
    if (/Host key verification failed|host key is known for/.test(text)) {
      return new HostIdentityError(
        `${label}: its host key ${this.fingerprint ?? "(unknown)"} is not accepted`,
        {
          hint:
            "compare it with the machine's console, then add it to known_hosts or give it with --host-key",
          fingerprint: this.fingerprint,
        },
      );
    }
    if (
      /Permission denied|Too many authentication failures|no more authentication methods/i.test(
        text,
      )
    ) {
      return new LoginError(`${label}: login refused: ${last}`, {
        hint:
          "check the user name and that your key is in its authorized_keys; -i names a key, --env-password uses SSHPASS",
        fingerprint: this.fingerprint,
      });
    }
    if (/Could not resolve hostname/.test(text)) {
      return new ConnectionError(`${label}: the name is not known: ${last}`, {
        hint: "check the spelling, or use the address",
      });
    }
    if (
      /Bad configuration option|keyword .* extra arguments|terminating, \d+ bad configuration/.test(
        text,
      )
    ) {
      return new ConnectionError(`${label}: ssh does not accept its configuration: ${text}`, {
        hint: "check --ssh-option and your ssh config",
      });
    }
    if (this.method !== undefined) {
      const words = lastWords(text);
      const why = `the login works, and its command ends at once${words && `: ${words}`}`;
      return new ConnectionError(`${label}: retrieving host facts via ssh failed: ${why}`, {
        hint: shellHint(text),
      });
    }
    if (this.progress.throttled) {
      const said = JSON.stringify(this.progress.notice);
      return new ConnectionError(`${label}: no ssh connection: its ssh server says ${said}`, {
        hint:
          "it has too many connections, or shuts this address out for some minutes: try again later, " +
          "or set MaxStartups or PerSourcePenalties there",
      });
    }
    return new ConnectionError(`${label}: no ssh connection: ${last}`, {
      hint:
        "check the address and port, that the machine is up, and that a firewall lets ssh through",
    });
  }
}
