/**
 * What several machines at once cost: one installation, and eight in one process.
 *
 * The machines are containers whose systems take as long to boot as a quick machine's, the image's six seconds among it.
 *
 * @module
 */
import { nixosAnywhere } from "../../lib/flow/flow.ts";
import { buildParts } from "../support/install/parts.ts";
import { Fixture } from "../support/install/fixture.ts";
import { NIX_CONFIG } from "../vm/nix.ts";
import { type Measured, seconds, summary, table } from "./measure.ts";

const MACHINES = 8;

/** What was measured, in milliseconds. */
export interface Many {
  readonly one: Measured;
  /** All of {@linkcode Many.machines} at once. */
  readonly all: Measured;
  readonly machines: number;
}

/** Measures one and many, in turn. */
export async function benchMany(runs: number): Promise<Many> {
  const folder = await Deno.makeTempDir({ prefix: "bench-many-" });
  const variables = { XDG_STATE_HOME: `${folder}/state`, NIX_CONFIG };
  const before = Object.keys(variables).map((name) => [name, Deno.env.get(name)] as const);
  for (const [name, value] of Object.entries(variables)) Deno.env.set(name, value);
  try {
    const parts = await buildParts();
    const [one, all]: [number[], number[]] = [[], []];
    for (let run = 0; run < runs; run++) {
      one.push(await installAtOnce(1, parts));
      all.push(await installAtOnce(MACHINES, parts));
    }
    return { one: summary(one), all: summary(all), machines: MACHINES };
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
    await Deno.remove(folder, { recursive: true });
  }
}

async function installAtOnce(
  count: number,
  parts: Awaited<ReturnType<typeof buildParts>>,
): Promise<number> {
  await using stack = new AsyncDisposableStack();
  const fixtures: Fixture[] = [];
  for (let i = 0; i < count; i++) {
    const [installer, installed] = [{ delay: 6000, gap: 5000 }, { delay: 500, gap: 5000 }];
    fixtures.push(stack.use(await Fixture.open({ parts, installer, installed })));
  }
  const began = performance.now();
  await Promise.all(fixtures.map(async (fixture) => {
    const { rebooted } = await nixosAnywhere({
      ...fixture.by("machine"),
      storePaths: parts,
      copyHostKeys: true,
    });
    if (rebooted?.seen !== "running") throw new Error(`${fixture.machine.port}: ${rebooted?.seen}`);
  }));
  return performance.now() - began;
}

/** The numbers as a table. */
export function manyTable({ one, all, machines }: Many): string {
  return table([
    ["installations of boxes", "measured"],
    ["one", `${seconds(one.median)} s`],
    [`${machines} at once`, `${seconds(all.median)} s`],
    [`${machines} / one`, (all.median / one.median).toFixed(2)],
  ]);
}
