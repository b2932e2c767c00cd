/**
 * What happens while a machine is installed, as data. Code that does never formats: it sends one of
 * these to a {@linkcode Reporter}, and a renderer shows it. The same objects are the lines of `--json`.
 *
 * @module
 */
import type { Phase } from "../plan/phases.ts";
import type { StorePath } from "../plan/store_path.ts";
import type { DeployAction } from "../plan/update_options.ts";
import type { ErrorEvent } from "./error_event.ts";
import type { InstallReport } from "./install_report.ts";
import type { PlanEvent } from "./plan_event.ts";
import type { State, UpdateState } from "./states.ts";

/**
 * A part of the run with a beginning and an end: the four phases and what goes before them; of an update its own two.
 */
export type Stage =
  | "connect"
  | "facts"
  | "evaluate"
  | "build"
  | "image"
  | "hardware"
  | Phase
  | "copy"
  | "activate";

/** What a transfer moves: the kexec image to the target, or here (`download`); store paths; the new system's files. */
export type Transfer = "image" | "download" | "closure" | "extra files";

/** How much of something that is counted is done. */
export interface Count {
  /** How much of it is done. */
  readonly done: number;
  /** All of it; what nix expects grows while it finds out. */
  readonly total: number;
}

/**
 * Anything that is reported while a machine is installed. `type` tells the events apart:
 *
 * - `plan`: first what is asked for, before anything is contacted; then once more, held against the target. Of an install.
 * - `stage`: a stage began, ended, or was left out because it was not needed; `stopped`: it was ended since another one
 *   failed, or from outside.
 * - `log`: something the user wants to know (`info`), must know (`warning`) or may look up (`debug`).
 * - `command`: a command is about to run. Secrets are never in its words.
 * - `output`: a line that a command printed. Not escaped: renderers must escape control characters.
 * - `progress`: how far a transfer is; at least once a second while bytes move.
 * - `activity`: what nix is at, here or on the target: each tells the whole, so that only the last one counts.
 * - `waiting`: what is known while something is waited for, such as a boot or a login. It holds until the next one of its
 *   stage, or the stage's end.
 * - `state`: what state the target is in from now on, for whoever has to go on after a failure.
 * - `host-key`: the key that a machine proved to have; `known`: a known_hosts file or the caller named it; `new`: it was
 *   accepted as it was.
 * - `result`: what came of an install or an update, as the last event. The command alone tells it: a library's caller is returned it.
 * - `error`: why it failed, as the last event. The command alone tells it: a library's caller is thrown it.
 *
 * @example
 * ```ts
 * import type { ReportEvent } from "@nixos-anywhere/deno";
 *
 * function show(event: ReportEvent): void {
 *   if (event.type === "stage") console.log(event.host, event.stage, event.state);
 * }
 * ```
 */
export type ReportEvent =
  & {
    /** When: ISO 8601, in UTC with milliseconds. */
    readonly time: string;
    /** The machine that is installed, as the user named it; `here` where there is none. */
    readonly host: string;
  }
  & (
    | PlanEvent
    | {
      readonly type: "stage";
      readonly stage: Stage;
      readonly state: "start" | "done" | "skipped" | "failed" | "stopped";
      /** How long it took, in milliseconds; only where it ended. */
      readonly ms?: number;
      /** Why it was left out, or what it made. */
      readonly detail?: string;
    }
    | {
      readonly type: "log";
      readonly level: "debug" | "info" | "warning";
      /** One sentence, or a line. */
      readonly text: string;
    }
    | {
      readonly type: "command";
      /** Its words. */
      readonly command: readonly string[];
      /** The machine it runs on, as the user named it; `here` for this one. */
      readonly where: string;
    }
    | {
      readonly type: "output";
      /** The program that printed it: `nix`, `disko`, … */
      readonly source: string;
      /** Which of its outputs, where that is known: traces of shells are on `stderr`. */
      readonly stream?: "stdout" | "stderr";
      /** The line, without its line feed. */
      readonly line: string;
    }
    | {
      readonly type: "progress";
      /** The stage that it belongs to. */
      readonly stage: Stage;
      /** What is transferred. */
      readonly what: Transfer;
      /** Bytes done. */
      readonly done: number;
      /** Bytes in all; absent where they are not known. */
      readonly total?: number;
      /** Store paths, of a closure. */
      readonly paths?: Count;
    }
    | {
      readonly type: "activity";
      /** The stage that it belongs to. */
      readonly stage: Stage;
      /** The machine that nix runs on, as the user named it; `here` for this one. */
      readonly where: string;
      /** Derivations that are built. */
      readonly builds: Count & { readonly running: number };
      /** Bytes that are fetched or copied. */
      readonly fetched: Count;
      /** What runs now, at most four: `linux-6.12.1` is built, `glibc-2.40` is fetched. Not escaped. */
      readonly names: readonly string[];
      /** The last line that a build printed, where one has. Not escaped. */
      readonly line?: string;
    }
    | {
      readonly type: "waiting";
      /** The stage that it belongs to. */
      readonly stage: Stage;
      /** One clause, such as `no answer yet`; empty when it waits no more. */
      readonly text: string;
      /** Whether ssh may ask somebody on the terminal: a password, a passphrase, a touch. Default: false */
      readonly asks?: boolean;
    }
    | {
      readonly type: "state";
      readonly state: State | UpdateState;
      /** One clause, without a period. */
      readonly text: string;
    }
    | {
      readonly type: "host-key";
      /** `SHA256:` and the digest, as `ssh-keygen -l` prints it. */
      readonly fingerprint: string;
      readonly trust: "known" | "new";
    }
    | {
      readonly type: "result";
      /** The version of all events, as in the plan's. */
      readonly version: 1;
      /** Whether everything was only looked at. */
      readonly dryRun: boolean;
    } & Omit<InstallReport, "host">
    | {
      readonly type: "result";
      /** The version of all events, as in the plan's. */
      readonly version: 1;
      /** Whether the system was only tried out (`dry-activate`). */
      readonly dryRun: boolean;
      /** What was done: of an update. */
      readonly action: DeployAction;
      /** The system that was activated. */
      readonly system: StorePath;
      /** The system that ran before. */
      readonly previous?: StorePath;
      /** Whether units failed, which was only to be a warning. */
      readonly unitsFailed: boolean;
      /** How long each stage took, in milliseconds. */
      readonly times: { readonly [K in Stage]?: number };
    }
    | ErrorEvent
  );

/** Whoever wants to hear of the events. Must not throw and returns at once. */
export type Reporter = (event: ReportEvent) => void;

/** Takes what happened, a {@linkcode ReportEvent} without `time` and `host`, stamps it, and tells a {@linkcode Reporter}. */
export type Report = (
  event: ReportEvent extends infer E ? E extends ReportEvent ? Omit<E, "time" | "host"> : never
    : never,
) => void;

/** What happened, without when and where. */
export type Happening = Parameters<Report>[0];

/** The reporter that is used where none is given: says nothing. */
export const silent: Report = () => {};

const STAMPING = new WeakSet<Report>();

/**
 * Makes of a reporter one that is told what happened only, and stamps it for a machine. One that stamps already stays as
 * it is, so that all that is done to one machine in one go has one.
 */
export function stamping(reporter: Reporter = silent as Reporter, host = "here"): Report {
  if (STAMPING.has(reporter as Report)) return reporter as Report;
  const report = (event: Happening) =>
    reporter({ time: new Date().toISOString(), host, ...event } as ReportEvent);
  STAMPING.add(report);
  return report;
}
