/**
 * What a fault is: a row of the table.
 *
 * @module
 */
import type { State } from "../../lib/report/states.ts";
import type { Gate } from "../flow/boxes.ts";
import type { Running } from "../flow/command.ts";
import type { Scene, SceneOptions } from "../flow/scene.ts";
import { Random } from "../random.ts";

/** Something that goes wrong at some point of an install, and what has to come of it. */
export interface Fault {
  /** The phase it happens in. */
  readonly phase: string;
  /** What goes wrong. */
  readonly fault: string;
  /** What is special about the machine. */
  readonly scene?: Partial<SceneOptions>;
  /** Words before those that every run has, or the whole command line. */
  readonly words?: readonly string[] | ((scene: Scene) => string[] | Promise<string[]>);
  readonly env?: (scene: Scene) => Record<string, string>;
  /** Done before the command starts. */
  readonly before?: ((scene: Scene) => unknown) | undefined;
  /** Done while it runs. */
  readonly act?: ((scene: Scene, running: Running) => Promise<unknown>) | undefined;
  readonly code: number;
  /** The line of the error, without `error: `. */
  readonly error: RegExp;
  /** Whether the error is about this machine, whose name is not the target's. */
  readonly here?: boolean;
  /** What has to be said of the target; nothing where it was not contacted. */
  readonly state?: State;
  /** Seconds after which it should have ended by itself. @default 30 */
  readonly bound?: number;
  /** Whether what lets us back in stays in the state folder. @default false */
  readonly kept?: boolean;
  /** Whether the target cannot be looked at afterwards. @default false */
  readonly gone?: boolean;
  /** Done before the second run. */
  readonly mend?: ((scene: Scene) => unknown) | undefined;
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
export function at(gate: Gate, action: (scene: Scene, running: Running) => unknown) {
  return async (scene: Scene, running: Running) => {
    await scene.at(gate, running);
    await action(scene, running);
  };
}

/** Waits for a line, and then does something. */
export function after(line: RegExp, action: (scene: Scene, running: Running) => unknown) {
  return async (scene: Scene, running: Running) => {
    await running.said(line);
    await action(scene, running);
  };
}

export const cut = (scene: Scene): void => scene.relay.cut();
export const freeze = (scene: Scene): void => scene.relay.freeze();
export const powerOff = (scene: Scene): Promise<void> => scene.powerOff();
export const powerOn = (scene: Scene): Promise<void> => scene.powerOn();
/** Lets connections through again. */
export const thaw = (scene: Scene): void => {
  scene.freezeAt = Infinity;
  scene.relay.cut();
  scene.relay.thaw();
};

/** Sends a signal. */
export function signal(name: Deno.Signal) {
  return (_: Scene, running: Running): void => running.signal(name);
}

export const SEED: number = Number(
  Deno.env.get("TEST_SEED") ?? Math.floor(Math.random() * 2 ** 31),
);
/** Random numbers of this run, by its seed. */
export const random: Random = new Random(SEED);
