/**
 * How far one login has come, as ssh's log at level DEBUG1 tells it.
 *
 * @module
 */
import { escapeControls } from "../escape.ts";
import { parseAcceptedKey, personNeeded } from "./accepted_key.ts";

/**
 * `starting`: ssh has not contacted anything; `connecting`: TCP has no answer; `connected`: something accepted the
 * connection; `greeted`: an ssh server said hello; `keyed`: host key and session keys are settled; `login`: the
 * login service answered; `granted`: logged in.
 */
export type LoginPhase =
  | "starting"
  | "connecting"
  | "connected"
  | "greeted"
  | "keyed"
  | "login"
  | "granted";

/** What a login waits for in each phase. */
const WAITS_FOR: Readonly<Record<LoginPhase, string>> = {
  starting: "ssh on this machine, or the address of the name",
  connecting: "an answer to the connection",
  connected: "the greeting of an ssh server",
  greeted: "the key exchange with the ssh server",
  keyed: "the server to begin the login",
  login: "the server's answer",
  granted: "the session to open",
};
const ORDER = Object.keys(WAITS_FOR);

/** How a login that failed ended, for whoever decides when to try again. */
export type LoginEnding = "refused" | "unreachable" | "turned away" | "broken";

/** Follows one ssh process. */
export class LoginProgress {
  /** How far it is. */
  phase: LoginPhase = "starting";
  /** When it got there, on the clock of `performance.now()`. */
  since: number = performance.now();
  /** When the ssh server greeted, on the same clock. */
  greetedAt: number | undefined;
  /** Whether a program or another machine makes the connection: each try is a login there. */
  indirect = false;
  /** What was said in the place of a greeting, such as `Not allowed at this time`; bounded and escaped. */
  notice: string | undefined;
  /** Whether ssh gave up since nothing greeted on a connection that was accepted. */
  timedOut = false;
  /** What ssh here and the server have not in common, as ssh's message names it: `cipher`. */
  disagreement: string | undefined;
  /** What the login waits for that only a person can give, as far as the log tells. */
  person: string | undefined;
  /** Whether ssh may be asking somebody on the terminal now: a password, a passphrase, a touch. */
  asking = false;
  /** Called whenever one of these has changed. */
  onChange: (() => void) | undefined;
  #asks = "";
  #refused = false;

  /** Takes a line of the log without its `debug1: `. */
  add(text: string): void {
    if (text.startsWith("Connecting to ")) this.#reach("connecting");
    else if (text.startsWith("Connection established")) this.#reach("connected");
    else if (/^Executing proxy (command|dialer)/.test(text)) {
      this.indirect = true;
      // The ssh of a jump host asks for its own.
      this.asking = true;
      this.#reach("connected");
    } else if (text.startsWith("Remote protocol version ")) this.#reach("greeted");
    else if (text.startsWith("SSH2_MSG_NEWKEYS received")) this.#reach("keyed");
    else if (text.startsWith("SSH2_MSG_SERVICE_ACCEPT received")) this.#reach("login");
    else this.#hear(text);
  }

  /** Takes a line that ssh prints at every log level. */
  plain(line: string): void {
    if (line.startsWith("Authenticated to ")) this.#reach("granted");
    else if (/^ssh: connect to host .*: Connection refused/.test(line)) this.#refused = true;
    else if (/timed out during banner exchange/.test(line)) this.timedOut = true;
    else if (this.at("greeted") && !this.at("keyed") && line.startsWith("Unable to negotiate ")) {
      this.disagreement = /: no matching ([a-zA-Z ]{1,40}) found\./.exec(line)?.[1];
    } else if (/^Confirm user presence/.test(line)) {
      this.person = this.#asks = "somebody to touch the security key";
      this.#ask(true);
    }
  }

  /** How it ended, if it did without a login. */
  get ending(): LoginEnding {
    if (this.at("greeted")) return "broken";
    // Whoever makes the connection for us says nothing that we could rely on.
    if (this.indirect || this.at("connected")) return "turned away";
    return this.#refused ? "refused" : "unreachable";
  }

  /** Whether the server said that it has too many connections, or too many of ours. */
  get throttled(): boolean {
    return /^(Not allowed at this time|Exceeded MaxStartups)/.test(this.notice ?? "");
  }

  /** Whether it is at `phase` or past it. */
  at(phase: LoginPhase): boolean {
    return ORDER.indexOf(this.phase) >= ORDER.indexOf(phase);
  }

  /** What it waits for now: `the key exchange`. */
  get waitsFor(): string {
    return this.phase === "login" && this.#asks !== "" ? this.#asks : WAITS_FOR[this.phase];
  }

  /** `greets, and has not finished the login after 12 s: it waits for …`; nothing before the greeting. */
  get unfinished(): string | undefined {
    if (this.greetedAt === undefined) return undefined;
    const seconds = Math.round((performance.now() - this.greetedAt) / 1000);
    return `greets, and has not finished the login after ${seconds} s: it waits for ${this.waitsFor}`;
  }

  #reach(phase: LoginPhase): void {
    // The ssh of a jump host may log the same lines later.
    if (this.at(phase)) return;
    this.phase = phase;
    this.since = performance.now();
    if (phase === "greeted") this.greetedAt = this.since;
    if (phase === "greeted" || phase === "granted") this.asking = false;
    this.onChange?.();
  }

  #ask(asking: boolean): void {
    this.asking = asking;
    this.onChange?.();
  }

  #hear(text: string): void {
    const notice = /^kex_exchange_identification: banner line \d+: (.*)$/.exec(text)?.[1];
    if (notice !== undefined && !this.at("greeted")) {
      this.notice = escapeControls(notice.trim()).slice(0, 100);
    }
    if (/^Authentications that can continue: /.test(text)) this.#ask(false);
    if (text.startsWith("Offering public key: ")) {
      this.#asks = "the server's answer to a key";
      this.#ask(false);
    } else if (text.startsWith("Server accepts key: ")) {
      this.person = personNeeded(parseAcceptedKey(text.slice("Server accepts key: ".length)));
      this.#asks = this.person ?? "the key to sign: its passphrase, a touch or its agent";
      this.#ask(true);
    } else if (/^Next authentication method: (password|keyboard)/.test(text)) {
      this.#asks = "the password, or the server's answer to it";
      this.#ask(true);
    } else if (text.startsWith("Trying private key: ")) {
      // Without its public part it has to be read, perhaps with a passphrase.
      this.#ask(true);
    }
  }
}
