/**
 * Conditions of the field: what machines that nobody here made are like. Each is a test named by where it is met and
 * what it is; every file prints its table.
 *
 * `FIELD=pattern` picks conditions.
 *
 * @module
 */
import { ignore } from "../ssh/fixture.ts";
import { buildParts, type Parts } from "../support/install/parts.ts";
import { Fixture, type FixtureOptions } from "../support/install/fixture.ts";
import { printRows } from "../faults/table.ts";
import type { Ended } from "../support/install/sandbox.ts";

export { PASSWORD } from "../support/loopback/mod.ts";

/** Conditions that are met at once: a machine that boots waits as often as it works. */
const AT_ONCE = 2;
const HEAD = ["where", "condition", "result", "seconds"];
const pick = new RegExp(Deno.env.get("FIELD") ?? "");
const waiting: Started[] = [];
const running = new Set<Promise<void>>();

/** A condition, from when it is registered on. */
interface Started {
  readonly row: string[];
  readonly work: () => Promise<unknown>;
  readonly ended: PromiseWithResolvers<void>;
  begun: boolean;
}

/** Begins conditions, in their order, as long as not too many are met. */
function beginMore(): void {
  for (const one of waiting) {
    if (running.size >= AT_ONCE) return;
    if (one.begun) continue;
    one.begun = true;
    const over = meet(one).finally(() => {
      running.delete(over);
      beginMore();
    });
    running.add(over);
  }
}

async function meet({ row, work, ended }: Started): Promise<void> {
  const began = performance.now();
  try {
    await work();
    row[2] = "ok";
    ended.resolve();
  } catch (error) {
    row[2] = "FAILED";
    ended.reject(error);
  } finally {
    row[3] = ((performance.now() - began) / 1000).toFixed(1);
  }
}

/** A test of one condition: `where` is the part of the machine (sshd, login, image …), `what` the condition. */
export function condition(where: string, what: string, work: () => Promise<unknown>): void {
  if (!pick.test(`${where}: ${what}`)) return;
  if (waiting.length === 0) {
    Deno.test.afterAll(() => printRows(HEAD, waiting.map(({ row }) => row)));
  }
  const one: Started = {
    row: [where, what, "", ""],
    work,
    ended: Promise.withResolvers<void>(),
    begun: false,
  };
  one.ended.promise.catch(() => {}); // its own test hears of it
  waiting.push(one);
  Deno.test({
    name: `the field, ${where}: ${what}`,
    ignore,
    // Conditions that were begun ahead go on while this one is waited for.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async () => {
      beginMore();
      await one.ended.promise;
    },
  });
}

let built: Promise<Parts> | undefined;

/** The store paths that these tests install; built once a file. */
export function parts(): Promise<Parts> {
  return built ??= buildParts();
}

/** What a fixture is made of, where the usual parts will do. */
export type Options = Omit<FixtureOptions, "parts"> & { readonly parts?: Parts };

/** Opens a fixture with the usual parts. */
export async function open(options: Options = {}): Promise<Fixture> {
  return await Fixture.open({ parts: await parts(), ...options });
}

/** The words of a fixture's usual command line, without --debug and perhaps as another user. */
export function usual(fixture: Fixture, user = "root"): string[] {
  return fixture.words.filter((word) => word !== "--debug")
    .map((word) => word.startsWith("root@") ? word.replace("root@", `${user}@`) : word);
}

/** Runs the command on a new machine and returns how it ended, with the machine's logins. */
export async function attempt(
  options: Options = {},
  words: (fixture: Fixture) => string[] | Promise<string[]> = usual,
  env: Record<string, string> = {},
  bound = 90,
): Promise<Ended & { logins: string[] }> {
  await using fixture = await open(options);
  const ended = await fixture.run(await words(fixture), env, bound);
  return { ...ended, logins: await fixture.machine.logins() };
}

/** sudo's rules of a container, with more lines. */
export function sudoers(lines: string): Record<string, { text: string; mode: number }> {
  const users =
    "root ALL=(ALL:ALL) ALL\nadmin ALL=(ALL:ALL) NOPASSWD: ALL\npwuser ALL=(ALL:ALL) ALL\n";
  return { "/etc/sudoers": { text: `${lines}\n${users}`, mode: 0o440 } };
}
