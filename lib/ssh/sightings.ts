/**
 * What is known of a machine that is awaited, in words.
 *
 * @module
 */
import { type Report, silent } from "../report/events.ts";
import type { LoginProgress } from "./login_progress.ts";
import type { TryKind } from "./pace.ts";

/** What is known of the machine: `it …`. */
export interface Sighting {
  /** The same for as long as nothing new is known. */
  readonly key: string;
  /** One clause, such as `refuses connections`. */
  readonly text: string;
}

/** What tries that run, and the last one that ended, tell of the machine. */
export function describeTries(
  open: readonly LoginProgress[],
  last: { readonly at: number; readonly text: string } | undefined,
): Sighting {
  const greeted = open.find((one) => one.at("greeted"));
  if (greeted) {
    const fresh = performance.now() - (greeted.greetedAt ?? 0) < 5000;
    const text = fresh ? "greets, the login goes on" : greeted.unfinished ?? "";
    return { key: "greets", text };
  }
  const accepted = open.find((one) => one.at("connected"));
  if (accepted && (!last || accepted.since > last.at)) {
    return accepted.indirect
      ? { key: "on the way", text: "has not answered through what makes the connection" }
      : { key: "accepts", text: "accepts connections, and no ssh server greets" };
  }
  return last ? { key: last.text, text: last.text } : { key: "", text: "has not answered" };
}

/** What a try tells that ended without a login. */
export function describeEnd(kind: TryKind, { notice, disagreement }: LoginProgress): string {
  switch (kind) {
    case "refused":
      return "refuses connections: no ssh server listens on the port";
    case "turned away":
      return `ends connections before an ssh server greets${said(notice)}`;
    case "turned away on the way":
      return "does not answer through what makes the connection";
    case "throttled":
      return `has an ssh server that turns connections away${said(notice)}`;
    case "denied":
      return "refuses the login";
    case "broken":
      return disagreement === undefined
        ? "greets, and ends the connection before the login"
        : `greets, and has no ${disagreement} in common with your ssh`;
    default:
      return "cannot be reached";
  }
}

function said(notice: string | undefined): string {
  return notice ? `: ${JSON.stringify(notice)}` : "";
}

/** Milliseconds until the first line about a wait that goes on; each later one comes after twice the time. */
const TOLD_AFTER = 30_000;

/** Reports what is known: changes for those who debug, and now and then how long it has been. */
export class Sightings {
  readonly #began = performance.now();
  #next = TOLD_AFTER;
  #key = "";

  constructor(readonly label: string, readonly report: Report = silent) {}

  /** Takes what is known now. */
  see({ key, text }: Sighting): void {
    if (key !== this.#key) {
      this.#key = key;
      this.report({ type: "log", level: "debug", text: `${this.label}: ${text}` });
    }
    const waited = performance.now() - this.#began;
    if (waited < this.#next) return;
    this.#next *= 2;
    const seconds = Math.round(waited / 1000);
    const known = `${this.label}: no login after ${seconds} s: it ${text}`;
    this.report({ type: "log", level: "info", text: known });
  }
}
