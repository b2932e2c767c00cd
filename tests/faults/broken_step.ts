/**
 * What can go wrong with any step that runs a program on the target: the same rows for each.
 *
 * @module
 */
import type { Breakpoint } from "../support/install/systems.ts";
import {
  at,
  cut,
  FAIL,
  type Fault,
  freeze,
  HANG,
  KILLED,
  powerOff,
  powerOn,
  signal,
  SOON,
  thaw,
} from "./fault.ts";

/** A step, and what has to come of it when its program breaks. */
export interface BrokenStep extends Pick<Fault, "state" | "kept"> {
  /** The phase, which is also the breakpoint that its program passes and the timeout that ends it. */
  readonly phase: Breakpoint & string;
  /** What rows call the program. */
  readonly program: string;
  /** How errors show the program's command line. */
  readonly shown: RegExp;
  /** Words that every row has. @default none */
  readonly words?: readonly string[];
  /** Whether the machine runs the installer from the start. */
  readonly inInstaller: boolean;
}

/** The rows of a step. */
export function brokenStep(
  { phase, program, shown, words = [], inInstaller, ...outcome }: BrokenStep,
): readonly Fault[] {
  const error = (before: string, after = "") =>
    new RegExp(`root@127\\.0\\.0\\.1: ${before}${shown.source}${after}`);
  const row = (fault: string, gate: string, more: Partial<Fault> = {}): Fault => ({
    ...{ phase, fault, words, code: 1, ...outcome },
    fixture: { inInstaller, breakpoints: { [phase]: gate } },
    error: error("the connection was lost during "),
    ...more,
  });
  const soon = { words: [...words, ...SOON], gone: true };
  return [
    row(`${program} exits with 3`, FAIL, { error: error("") }),
    row(`${program} is killed`, KILLED, { error: error("") }),
    row(`${program} hangs`, HANG, {
      words: [...words, "--timeout", `${phase}=6`],
      error: error("", ".* did not end within 6 s$"),
    }),
    row("connection cut", HANG, { act: at(phase, cut) }),
    row("connection frozen", HANG, { ...soon, act: at(phase, freeze), mend: thaw }),
    row("target powered off", HANG, { ...soon, act: at(phase, powerOff), mend: powerOn }),
    ...(["SIGINT", "SIGTERM"] as const).map((name) =>
      row(name, HANG, {
        act: at(phase, signal(name)),
        error: new RegExp(`interrupted by ${name}$`),
        here: true,
        code: 130,
      })
    ),
  ];
}
