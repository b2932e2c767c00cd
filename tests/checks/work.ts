/**
 * How the tests are divided among processes, and in which order these run side by side.
 *
 * @module
 */
import { sources } from "./sources.ts";

/** The arguments of one `deno test`. */
export interface Work {
  readonly title: string;
  readonly args: readonly string[];
  /** Whether it boots the emulated machine, of which there is one at a time. */
  readonly machine: boolean;
}

/** How many processes run at once. They wait as often as they work, so that two processors are busy with three. */
const AT_ONCE = 3;

/** Tests that boot the emulated machine, the longest first; each is a process. */
export const MACHINE: readonly string[] = [
  ...["vm/faults", "vm/target_builds", "vm/phases", "readme_demo", "vm/store_paths", "vm"],
];

/**
 * What takes more than some seconds, the longest first; each is a process: files without their ending, and folders, of which
 * it is what no other line names. What no line names at all is one more process, the last.
 */
export const LONG: readonly string[] = [
  ...["faults/faults", "field", "copy/copy", "cli", "ssh", "field/host_keys", "field/waiting"],
  ...["field/disks", "flow", "field/image", "steps/deploy", "field/flakes", "field/keys", "faults"],
  ...["steps", "plan", "readme", "field/sudo", "field/passphrase", "readme_install"],
  ...["terraform/programs", "copy", "init", "terraform"],
];

function isIn(path: string, name: string): boolean {
  return path === `tests/${name}.test.ts` || path.startsWith(`tests/${name}/`);
}

/** All tests there are, each in exactly one process, in the order in which these begin. */
export async function findWork(): Promise<Work[]> {
  const files = (await sources("tests")).filter((path) => path.endsWith(".test.ts"));
  const names = [...MACHINE, ...LONG];
  const byName = Map.groupBy(files, (path) => {
    const fitting = names.filter((name) => isIn(path, name));
    return fitting.sort((a, b) => b.length - a.length)[0] ?? "the rest";
  });
  const process = (name: string): Work[] => {
    const args = byName.get(name) ?? [];
    return args.length > 0 ? [{ title: name, args, machine: MACHINE.includes(name) }] : [];
  };
  const docs = ["--doc", "--permit-no-files", "mod.ts", "lib", "README.md"];
  return [
    ...names.flatMap(process),
    { title: "examples in the docs", args: docs, machine: false },
    ...process("the rest"),
  ];
}

/**
 * Runs all of it side by side, in this order, but for one of the machine's at a time. What is left when the machine's are
 * over fills the places.
 */
export async function sideBySide<T>(
  work: readonly Work[],
  run: (work: Work) => Promise<T>,
): Promise<T[]> {
  const waiting = [...work];
  const results: T[] = [];
  let machine = false;
  const next = () => {
    const at = waiting.findIndex((one) => !(one.machine && machine));
    return at < 0 ? undefined : waiting.splice(at, 1)[0];
  };
  const place = async () => {
    for (let one = next(); one; one = next()) {
      machine ||= one.machine;
      results.push(await run(one));
      if (one.machine) machine = false;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, place));
  return results;
}
