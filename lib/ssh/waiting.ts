/**
 * Telling what a login waits for, and when ssh may be asking somebody on the terminal.
 *
 * @module
 */
import type { Report, Stage } from "../report/events.ts";
import type { LoginLog } from "./login_log.ts";

/** Milliseconds after which a login that somebody might be asked by says that it goes on by itself. */
const SIGN_OF_LIFE = 2500;
/** Milliseconds after which it is told what a person has to do who is not asked on the terminal. */
const UNSAID = 1000;
/** Milliseconds between two events whose texts differ. */
const OFTEN = 1000;

/** What is known of a wait. */
export interface Known {
  /** One clause. */
  readonly text: string;
  /** Whether ssh may ask somebody soon: what it asks must not be written over. */
  readonly mayAsk: boolean;
  /** Whether it may be asking already, for all that is known. */
  readonly asking: boolean;
}

/** Tells what one stage waits for: changes, and signs of life. Disposal tells that it waits no more. */
export class Waiting implements Disposable {
  readonly #began = performance.now();
  #told: { readonly text: string; readonly asks: boolean; readonly at: number } | undefined;

  /** `attended`: whether ssh can ask somebody at all. */
  constructor(readonly report: Report, readonly stage: Stage, readonly attended: boolean) {}

  /** Takes what is known now. */
  tell({ text, mayAsk, asking }: Known): void {
    const now = performance.now();
    const asks = this.attended && mayAsk;
    const told = this.#told;
    if (told?.asks === asks) {
      // Not a word in the middle of a question.
      if (asks && asking || !asks && told.text === text) return;
      if (now - told.at < (asks ? SIGN_OF_LIFE : OFTEN)) return;
    }
    this.#told = { text, asks, at: now };
    const seconds = Math.round((now - this.#began) / 1000);
    // The same words once more are no news.
    const shown = told?.asks && asks && told.text === text ? `${text} (${seconds} s)` : text;
    this.report({
      ...{ type: "waiting", stage: this.stage, text: shown },
      ...(asks && { asks }),
    });
  }

  [Symbol.dispose](): void {
    if (this.#told) this.report({ type: "waiting", stage: this.stage, text: "" });
  }
}

/** Follows one login after the other, by their logs. Disposal ends it. */
export class LoginWaiting implements Disposable {
  readonly #waiting: Waiting;
  readonly #timer: ReturnType<typeof setInterval>;
  #log: LoginLog | undefined;
  #askedAt: number | undefined;

  /** Tells of logins that belong to `stage`. */
  constructor(report: Report, stage: Stage, attended: boolean) {
    this.#waiting = new Waiting(report, stage, attended);
    this.#timer = setInterval(() => this.#tell(), 200);
  }

  /** Follows this login from now on. */
  follow(log: LoginLog): void {
    this.#log = log;
    // At once: ssh asks right after what its log says.
    log.progress.onChange = () => this.#tell();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    if (this.#log) this.#log.progress.onChange = undefined;
    this.#waiting[Symbol.dispose]();
  }

  #tell(): void {
    if (!this.#log) return;
    const { progress } = this.#log;
    this.#askedAt = progress.asking ? this.#askedAt ?? performance.now() : undefined;
    // A touch, or what an agent asks elsewhere, is asked for by nobody on the terminal. Most take no time.
    const elsewhere = /touch|agent/.test(progress.person ?? "") &&
      performance.now() - (this.#askedAt ?? Infinity) > UNSAID;
    this.#waiting.tell({
      text: elsewhere ? `it waits for ${progress.person}` : textOf(this.#log),
      mayAsk: progress.at("connected"),
      asking: progress.asking && !elsewhere,
    });
  }
}

function textOf({ progress }: LoginLog): string {
  if (progress.at("granted")) return "logged in";
  if (progress.at("greeted")) return "it greets, logging in";
  if (progress.indirect) return "no answer yet by way of what makes the connection";
  return progress.at("connected") ? "it accepts the connection, no greeting yet" : "no answer yet";
}
