/**
 * How a run that failed ends: exit code, state and what to do next follow from the state that the target was
 * left in and the kind of the failure.
 *
 * @module
 */
import {
  HostIdentityError,
  InstallError,
  InterruptedError,
  PreflightError,
  UsageError,
} from "../errors.ts";
import { escapeControls } from "../escape.ts";
import type { Phase } from "../plan/phases.ts";
import type { ErrorEvent } from "../report/error_event.ts";
import { type State, STATES } from "../report/states.ts";

/** What kind of failure ended a run. */
export type FailureKind = ErrorEvent["code"];

/** The exit code of a kind of failure in a state; `else` in all others. */
type Codes = Readonly<Partial<Record<State, number>> & { else: number }>;

const CODES = {
  // 2 promises that nothing was contacted, 3 that nothing was changed.
  usage: { uncontacted: 2, else: 1 },
  preflight: { uncontacted: 3, untouched: 3, else: 1 },
  identity: { else: 4 },
  interrupted: { else: 130 },
  failed: { else: 1 },
  scarce: { else: 1 },
  permission: { else: 1 },
  bug: { else: 1 },
} as const satisfies Readonly<Record<FailureKind, Codes>>;

/** How to go on: the same command line, or fewer phases where those before must not be run again. */
const GO_ON: Readonly<
  Record<State, { readonly phases?: readonly Phase[]; readonly why?: string }>
> = {
  uncontacted: {},
  untouched: {},
  image: {},
  booting: { why: "it goes on in the installer, if that has come up" },
  installer: { why: "it goes on in the installer" },
  formatting: { why: "the disko script starts from its beginning" },
  formatted: { phases: ["install", "reboot"], why: "the disks stay as they are" },
  installing: { phases: ["install", "reboot"], why: "the disks stay as they are" },
  installed: { phases: ["reboot"], why: "the installed system stays as it is" },
  rebooting: { phases: [] },
  done: { phases: [] },
};

/** How a run ends that failed. */
export interface Outcome {
  /** The kind of the failure. */
  readonly kind: FailureKind;
  /** The exit code of the command. */
  readonly code: number;
  /** What went wrong; more than one line only for a bug and for messages of nix. */
  readonly error: string;
  /** What to do next, a line each: what to mend, and how to go on. */
  readonly hints: readonly string[];
  /** The state of the target; absent where the exit code says it already. */
  readonly state: string | undefined;
  /** How the same command line goes on: with other phases, where some are given; absent where it does not. */
  readonly goOn: { readonly phases?: readonly Phase[] } | undefined;
}

/** The outcome of a run that was asked for `phases` and failed with `error` in a state of the target. */
export function outcomeOf(error: unknown, state: State, phases: readonly Phase[]): Outcome {
  const kind = kindOf(error);
  const codes: Codes = CODES[kind];
  const code = codes[state] ?? codes.else;
  const hint = hintOf(kind, error);
  return {
    kind,
    code,
    error: kind === "bug" ? bugText(error) : lines((error as Error).message),
    hints: [hint, goOn(kind, hint, state, phases)].filter(Boolean),
    state: code === 2 ? undefined : STATES[state],
    goOn: kind === "usage" && state === "uncontacted" ? undefined : nextRun(state, phases),
  };
}

/** This machine may lack space, a file system that can be written, open files, memory. */
const SCARCE = new Set(["ENOSPC", "EDQUOT", "EROFS", "EMFILE", "ENFILE", "ENOMEM"]);

function kindOf(error: unknown): FailureKind {
  if (error instanceof UsageError) return "usage";
  if (error instanceof PreflightError) return "preflight";
  if (error instanceof HostIdentityError) return "identity";
  if (error instanceof InterruptedError) return "interrupted";
  if (error instanceof InstallError) return "failed";
  if (error instanceof Deno.errors.NotCapable) return "permission";
  const code = error instanceof Error ? (error as { code?: string }).code : undefined;
  return SCARCE.has(code ?? "") ? "scarce" : "bug";
}

function hintOf(kind: FailureKind, error: unknown): string {
  if (error instanceof InstallError) return escapeControls(error.hint);
  if (kind === "permission") {
    return "README lists the permissions of deno run that are needed; -A gives all";
  }
  if (kind === "scarce") {
    return "free some of it on this machine; TMPDIR says where temporary files go";
  }
  return "this is a bug of nixos-anywhere: please report it with the output of --debug";
}

/** The command line that goes on from a state, as a clause; empty where the failure's own hint says it. */
function goOn(
  kind: FailureKind,
  hint: string,
  state: State,
  asked: readonly Phase[],
): string {
  const begun = state !== "uncontacted" && state !== "untouched";
  const goes = kind !== "identity" && kind !== "bug" && kind !== "permission";
  if (hint !== "" && !(begun && goes) || hint.includes("--phases")) return "";
  const next = nextRun(state, asked);
  if (!next) return hint === "" ? "look at the machine: nothing is left to run" : "";
  const { phases, why } = GO_ON[state];
  const because = why === undefined ? "" : `: ${why}`;
  return next.phases
    ? `run it again with --phases ${next.phases.join(",")}${because}`
    : `run the same command line again${phases ? "" : because}`;
}

/** What is left to run, where something is: fewer phases, or the same ones again. */
function nextRun(state: State, asked: readonly Phase[]): Outcome["goOn"] {
  const { phases } = GO_ON[state];
  if (phases?.length === 0) return undefined;
  const left = phases?.filter((phase) => asked.includes(phase));
  if (left?.length === 0) return undefined;
  // Without disko among them the phases that were asked for can all be run again.
  const fewer = left && left.length < asked.length &&
    (state === "installed" || asked.includes("disko"));
  return fewer ? { phases: left } : {};
}

/** nix's messages have several lines: those behind the first are indented, so that none passes for ours. */
function lines(message: string): string {
  return message.split("\n").map(escapeControls).join("\n  ");
}

function bugText(error: unknown): string {
  const text = error instanceof Error ? error.stack ?? error.message : String(error);
  return text.split("\n").map(escapeControls).join("\n");
}
