/**
 * Where the seconds of an installation go: what each part of it cost the target's processor, ours and the network, and
 * how long nobody had anything to do.
 *
 * @module
 */
import { seconds, table } from "./measure.ts";

/** What has been used since the start. */
interface Sample {
  /** By `performance.now()`. */
  readonly at: number;
  /** Milliseconds of processor time. */
  readonly theirs: number;
  readonly ours: number;
  readonly sent: number;
  readonly turns: number;
}

/** What a part of an installation cost: milliseconds, bytes, round trips. */
export interface Part {
  readonly name: string;
  readonly ms: number;
  /** Of the emulated machine, with what it costs to emulate it. */
  readonly theirs: number;
  /** Of the command and all that it has started. */
  readonly ours: number;
  /** What its round trips take, had each been waited for. */
  readonly wire: number;
  readonly sent: number;
  readonly turns: number;
}

/** What is watched. */
export interface Watched {
  /** The emulator's process id; another one after a restart. */
  readonly machine: () => number | undefined;
  readonly relay: { readonly sent: number; readonly turns: number };
}

/** A clock tick of /proc, in milliseconds: 100 a second on every Linux. */
const TICK = 10;

/** Takes samples until it is disposed of. */
export class Account implements Disposable {
  readonly #watched: Watched;
  readonly #samples: Sample[] = [];
  readonly #timer: ReturnType<typeof setInterval>;
  /** Of processes that are gone, by what was last seen of them. */
  readonly #machines = new Map<number, number>();
  #command: number | undefined;
  #ours = 0;

  /** Begins. */
  constructor(watched: Watched) {
    this.#watched = watched;
    this.#take();
    this.#timer = setInterval(() => this.#take(), 200);
  }

  /** The command runs as this process. */
  watch(command: number): void {
    this.#command = command;
  }

  /** The parts between the marks, whose names say what has happened then; marks out of order have no part. */
  parts(marks: readonly { readonly name: string; readonly at: number }[], rtt: number): Part[] {
    const inOrder = marks.filter(({ at }) => !Number.isNaN(at)).toSorted((a, b) => a.at - b.at);
    let before = this.#samples[0];
    return inOrder.flatMap(({ name, at }) => {
      const after = this.#samples.findLast((sample) => sample.at <= at + 200) ?? before;
      if (!before || !after) return [];
      const turns = after.turns - before.turns;
      const part = {
        ...{ name, ms: after.at - before.at, theirs: after.theirs - before.theirs },
        ...{ ours: after.ours - before.ours, wire: turns * rtt, turns },
        sent: after.sent - before.sent,
      };
      before = after;
      return [part];
    });
  }

  /** Stops. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #take(): void {
    const pid = this.#watched.machine();
    const machine = pid === undefined ? undefined : ownTime(pid);
    if (pid !== undefined && machine !== undefined) this.#machines.set(pid, machine);
    // What has ended counts for whoever has waited for it; in between a sum may be less than it was.
    if (this.#command !== undefined) this.#ours = Math.max(this.#ours, treeTime(this.#command));
    const { sent, turns } = this.#watched.relay;
    const theirs = this.#machines.values().reduce((sum, ms) => sum + ms, 0);
    this.#samples.push({ at: performance.now(), theirs, ours: this.#ours, sent, turns });
  }
}

/** Milliseconds of processor time: a process's own, that of what it has waited for, and its parent. */
function times(pid: number): { own: number; waited: number; parent: number } | undefined {
  let text: string;
  try {
    text = Deno.readTextFileSync(`/proc/${pid}/stat`);
  } catch {
    return undefined; // it has ended
  }
  // The name in parentheses may hold anything.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ").map(Number);
  const [parent = 0, user = 0, system = 0, waitedUser = 0, waitedSystem = 0] = [
    fields[1],
    ...fields.slice(11, 15),
  ];
  return { own: TICK * (user + system), waited: TICK * (waitedUser + waitedSystem), parent };
}

function ownTime(pid: number): number | undefined {
  return times(pid)?.own;
}

function treeTime(root: number): number {
  const all = new Map<number, { own: number; waited: number; parent: number }>();
  for (const { name } of Deno.readDirSync("/proc")) {
    const found = /^\d+$/.test(name) ? times(Number(name)) : undefined;
    if (found) all.set(Number(name), found);
  }
  const belongs = (pid: number): boolean => {
    const one = all.get(pid);
    return pid === root || one !== undefined && one.parent > 1 && belongs(one.parent);
  };
  return all.entries().reduce(
    (sum, [pid, { own, waited }]) => belongs(pid) ? sum + own + waited : sum,
    0,
  );
}

/** A table of the parts: where nobody's processor worked and nothing was under way, something was waited for. */
export function accountTable(parts: readonly Part[]): string {
  const time = (ms: number) => `${seconds(ms)} s`;
  const row = ({ name, ms, theirs, ours, wire, sent, turns }: Part) => [
    ...[name, time(ms), time(theirs), time(ours), time(wire)],
    ...[time(Math.max(0, ms - theirs - ours - wire)), `${turns}`, `${(sent / 1e6).toFixed(1)} MB`],
  ];
  const sum = (of: (part: Part) => number) => parts.reduce((all, part) => all + of(part), 0);
  const whole: Part = {
    ...{ name: "whole", ms: sum((p) => p.ms), theirs: sum((p) => p.theirs) },
    ...{ ours: sum((p) => p.ours), wire: sum((p) => p.wire), sent: sum((p) => p.sent) },
    turns: sum((p) => p.turns),
  };
  return table([
    ["until", "took", "their CPU", "our CPU", "round trips", "waiting, at least", "turns", "sent"],
    ...parts.map(row),
    row(whole),
  ]);
}
