/**
 * What a fault is: a row of the table.
 *
 * @module
 */
import type { State } from "../../lib/report/states.ts";
import type { Breakpoint } from "../support/install/systems.ts";
import type { Running } from "../support/install/sandbox.ts";
import type { Fixture, FixtureOptions } from "../support/install/fixture.ts";
import { Random } from "../support/random.ts";

/** Something that goes wrong at some point of an install, and what has to come of it. */
export interface Fault {
  /** The phase it happens in. */
  readonly phase: string;
  /** What goes wrong. */
  readonly fault: string;
  /** What is special about the machine. */
  readonly fixture?: Partial<FixtureOptions>;
  /** Words before those that every run has, or the whole command line. */
  readonly words?: readonly string[] | ((fixture: Fixture) => string[] | Promise<string[]>);
  readonly env?: (fixture: Fixture) => Record<string, string>;
  /** Done before the command starts. */
  readonly before?: ((fixture: Fixture) => unknown) | undefined;
  /** Done while it runs. */
  readonly act?: ((fixture: Fixture, running: Running) => Promise<unknown>) | undefined;
  readonly code: number;
  /** The line of the error, without `error: `. */
  readonly error: RegExp;
  /** The line of the hint, where more is asked of it than to be there. */
  readonly hint?: RegExp;
  /** Whether the error is about this machine, whose name is not the target's. */
  readonly here?: boolean;
  /** What has to be said of the target; nothing where it was not contacted. */
  readonly state?: State;
  /** The same where it is as right: what goes wrong here may do so before the target is reached, or after. */
  readonly orState?: State;
  /** Seconds after which it should have ended by itself. @default 30 */
  readonly bound?: number;
  /** Whether what lets us back in stays in the state folder. @default false */
  readonly kept?: boolean;
  /** Whether the target cannot be looked at afterwards. @default false */
  readonly gone?: boolean;
  /** Done before the second run. */
  readonly mend?: ((fixture: Fixture) => unknown) | undefined;
  /** The exit code of the second run. @default 0 */
  readonly again?: number | "none";
}

/** Words that end lost connections soon. */
export const SOON: readonly string[] = [
  ...["--ssh-option", "ServerAliveInterval=1"],
  ...["--ssh-option", "ServerAliveCountMax=2"],
];

/** Shell code for a gate: it waits, for longer than any test. */
export const HANG = "sleep 300";
/** … it fails. */
export const FAIL = "echo it is broken >&2; exit 3";
/** … what passes it is killed. */
export const KILLED = "kill -9 $PPID; sleep 1";

/** Waits for a gate, and then does something. */
export function at(
  breakpoint: Breakpoint,
  action: (fixture: Fixture, running: Running) => unknown,
) {
  return async (fixture: Fixture, running: Running) => {
    await fixture.at(breakpoint, running);
    await action(fixture, running);
  };
}

/** Waits for a line, and then does something. */
export function after(line: RegExp, action: (fixture: Fixture, running: Running) => unknown) {
  return async (fixture: Fixture, running: Running) => {
    await running.said(line);
    await action(fixture, running);
  };
}

export const cut = (fixture: Fixture): void => fixture.relay.cut();
export const freeze = (fixture: Fixture): void => fixture.relay.freeze();
export const powerOff = (fixture: Fixture): Promise<void> => fixture.powerOff();
export const powerOn = (fixture: Fixture): Promise<void> => fixture.powerOn();
/** Lets connections through again. */
export const thaw = (fixture: Fixture): void => {
  fixture.freezeAt = Infinity;
  fixture.relay.cut();
  fixture.relay.thaw();
};

/** Sends a signal. */
export function signal(name: Deno.Signal) {
  return (_: Fixture, running: Running): void => running.signal(name);
}

export const SEED: number = Number(
  Deno.env.get("TEST_SEED") ?? Math.floor(Math.random() * 2 ** 31),
);
/** Random numbers of this run, by its seed. */
export const random: Random = new Random(SEED);
