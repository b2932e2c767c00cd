/**
 * What happens while a machine is installed, as data. Code that does never formats: it sends one of
 * these to a {@linkcode Reporter}, and a renderer shows it. The same objects are the lines of `--json`.
 *
 * @module
 */
import type { Phase } from "../plan/phases.ts";
import type { State, UpdateState } from "./states.ts";

/**
 * A part of the run with a beginning and an end: the four phases and what goes before them; of an update its own two.
 */
export type Stage = "connect" | "build" | "image" | "hardware" | Phase | "copy" | "activate";

/** A stage began, ended, or was left out because it was not needed. */
export interface StageEvent {
  /** Tells the events apart. */
  readonly type: "stage";
  /** Which stage. */
  readonly stage: Stage;
  /** What became of it; `stopped`: it was ended since another one failed, or from outside. */
  readonly state: "start" | "done" | "skipped" | "failed" | "stopped";
  /** How long it took, in milliseconds; only where it ended. */
  readonly ms?: number;
  /** Why it was left out, or what it made. */
  readonly detail?: string;
}

/** Something the user wants to know (`info`), must know (`warning`) or may look up (`debug`). */
export interface LogEvent {
  /** Tells the events apart. */
  readonly type: "log";
  /** How much it matters. */
  readonly level: "debug" | "info" | "warning";
  /** One sentence, or a line. */
  readonly text: string;
}

/** A command is about to run. Secrets are never in its words. */
export interface CommandEvent {
  /** Tells the events apart. */
  readonly type: "command";
  /** Its words. */
  readonly command: readonly string[];
  /** The machine it runs on, as the user named it; `here` for this one. */
  readonly where: string;
}

/** A line that a command printed. Not escaped: renderers must escape control characters. */
export interface OutputEvent {
  /** Tells the events apart. */
  readonly type: "output";
  /** The program that printed it: `nix`, `disko`, … */
  readonly source: string;
  /** Which of its outputs, where that is known: traces of shells are on `stderr`. */
  readonly stream?: "stdout" | "stderr";
  /** The line, without its line feed. */
  readonly line: string;
}

/** How far a transfer is. */
export interface ProgressEvent {
  /** Tells the events apart. */
  readonly type: "progress";
  /** What is transferred. */
  readonly what: string;
  /** Bytes done. */
  readonly done: number;
  /** Bytes in all; absent where they are not known. */
  readonly total?: number;
}

/** What state the target is in from now on, for whoever has to go on after a failure. */
export interface StateEvent {
  /** Tells the events apart. */
  readonly type: "state";
  /** The state's name. */
  readonly state: State | UpdateState;
  /** One clause, without a period. */
  readonly text: string;
}

/** The key that a machine proved to have. */
export interface HostKeyEvent {
  /** Tells the events apart. */
  readonly type: "host-key";
  /** `SHA256:` and the digest, as `ssh-keygen -l` prints it. */
  readonly fingerprint: string;
  /** `known`: a known_hosts file or the caller named it; `new`: accepted as it was. */
  readonly trust: "known" | "new";
}

/** When and where something happened: every event that a {@linkcode Reporter} hears of carries it. */
export interface Stamp {
  /** ISO 8601, in UTC with milliseconds. */
  readonly time: string;
  /** The machine that is installed, as the user named it; `here` where there is none. */
  readonly host: string;
}

/** What happened, without when and where. */
export type Happening =
  | StageEvent
  | LogEvent
  | CommandEvent
  | OutputEvent
  | ProgressEvent
  | StateEvent
  | HostKeyEvent;

/** Anything that is reported while a machine is installed. */
export type ReportEvent = Happening & Stamp;

/** Whoever wants to hear of the events. Must not throw and returns at once. */
export type Reporter = (event: ReportEvent) => void;

/** Takes what happened, stamps it, and tells a {@linkcode Reporter}. */
export type Report = (event: Happening) => void;

/** The reporter that is used where none is given: says nothing. */
export const silent: Report = () => {};

const STAMPING = new WeakSet<Report>();

/**
 * Makes of a reporter one that is told what happened only, and stamps it for a machine. One that stamps already stays as
 * it is, so that all that is done to one machine in one go has one.
 */
export function stamping(reporter: Reporter = silent, host = "here"): Report {
  if (STAMPING.has(reporter as Report)) return reporter as Report;
  const report = (event: Happening) => reporter({ time: new Date().toISOString(), host, ...event });
  STAMPING.add(report);
  return report;
}
