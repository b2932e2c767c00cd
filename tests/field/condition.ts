/**
 * Conditions of the field: what machines that nobody here made are like. Each is a test named by where it is met and
 * what it is; every file prints its table.
 *
 * `FIELD=pattern` picks conditions.
 *
 * @module
 */
import { ignore } from "../ssh/fixture.ts";
import { buildParts, type Parts } from "../flow/parts.ts";
import { Scene, type SceneOptions } from "../flow/scene.ts";
import { printRows } from "../faults/table.ts";
import type { Ended } from "../flow/command.ts";

export { PASSWORD } from "../loopback/mod.ts";

const pick = new RegExp(Deno.env.get("FIELD") ?? "");
const rows: string[][] = [];
let registered = false;

/** A test of one condition: `where` is the part of the machine (sshd, login, image …), `what` the condition. */
export function condition(where: string, what: string, work: () => Promise<unknown>): void {
  if (!registered) {
    Deno.test.afterAll(() => printRows(["where", "condition", "result", "seconds"], rows));
  }
  registered = true;
  if (!pick.test(`${where}: ${what}`)) return;
  Deno.test({
    name: `the field, ${where}: ${what}`,
    ignore,
    // Agents, terminals and servers of a scene end with it, after the test's own operations.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      const began = performance.now();
      const row = [where, what, "FAILED", ""];
      rows.push(row);
      try {
        await work();
        row[2] = "ok";
      } finally {
        row[3] = ((performance.now() - began) / 1000).toFixed(1);
      }
    },
  });
}

let built: Promise<Parts> | undefined;

/** The store paths that these tests install; built once a file. */
export function parts(): Promise<Parts> {
  return built ??= buildParts();
}

/** What a scene is made of, where the usual parts will do. */
export type Options = Omit<SceneOptions, "parts"> & { readonly parts?: Parts };

/** Opens a scene with the usual parts. */
export async function open(options: Options = {}): Promise<Scene> {
  return await Scene.open({ parts: await parts(), ...options });
}

/** The words of a scene's usual command line, without --debug and perhaps as another user. */
export function usual(scene: Scene, user = "root"): string[] {
  return scene.words.filter((word) => word !== "--debug")
    .map((word) => word.startsWith("root@") ? word.replace("root@", `${user}@`) : word);
}

/** Runs the command on a new machine and returns how it ended, with the machine's logins. */
export async function attempt(
  options: Options = {},
  words: (scene: Scene) => string[] | Promise<string[]> = usual,
  env: Record<string, string> = {},
  bound = 90,
): Promise<Ended & { logins: string[] }> {
  await using scene = await open(options);
  const ended = await scene.run(await words(scene), env, bound);
  return { ...ended, logins: await scene.machine.logins() };
}

/** sudo's rules of a box, with more lines. */
export function sudoers(lines: string): Record<string, { text: string; mode: number }> {
  const users =
    "root ALL=(ALL:ALL) ALL\nadmin ALL=(ALL:ALL) NOPASSWD: ALL\npwuser ALL=(ALL:ALL) ALL\n";
  return { "/etc/sudoers": { text: `${lines}\n${users}`, mode: 0o440 } };
}
