/**
 * Running the stages of an install: each begins when all that it takes is there.
 *
 * @module
 */
import { isReported } from "../report/stages.ts";
import type { Job } from "./job.ts";
import type { Made } from "./made.ts";
import type { Stage } from "./stage.ts";
import { STAGES } from "./stage_table.ts";

type Thing = keyof Made;
/** A row of the table whose name does not matter. */
type AnyStage = Pick<Stage, "name" | "makes" | "takes" | "states" | "needed"> & {
  readonly run: (given: never, job: Job) => Promise<unknown>;
};

/**
 * Runs what is needed to make these things, and returns them. When one stage fails the others are ended; all are waited
 * for, and the first failure is thrown.
 */
export async function make<T extends Thing>(
  job: Job,
  things: readonly T[],
): Promise<Pick<Made, T>> {
  const made = new Map<Thing, Promise<unknown>>();
  const get = (thing: Thing): Promise<unknown> => {
    const known = made.get(thing);
    if (known) return known;
    const making = runOne(job, makerOf(thing), get);
    making.catch(() => {}); // thrown below
    made.set(thing, making);
    return making;
  };
  for (const thing of things) get(thing);
  await Promise.allSettled(things.map(get));
  await Promise.allSettled(made.values());
  job.signal.throwIfAborted();
  return Object.fromEntries(
    await Promise.all(things.map(async (thing) => [thing, await get(thing)])),
  ) as Pick<Made, T>;
}

function makerOf(thing: Thing): AnyStage {
  return Object.values<AnyStage>(STAGES).find(({ makes }) => makes === thing) as AnyStage;
}

async function runOne(
  job: Job,
  stage: AnyStage,
  get: (thing: Thing) => Promise<unknown>,
): Promise<unknown> {
  const { name, makes, takes } = stage;
  const names = (Object.entries(takes) as [Thing, (job: Job) => boolean][])
    .filter(([, condition]) => condition(job)).map(([thing]) => thing);
  const taken = await Promise.all(names.map(async (thing) => [thing, await get(thing)] as const));
  // What is left out makes nothing, when all is there that has to be before it.
  if (stage.needed?.(job) === false) return undefined;
  const { plan, report, signal, scope, stages, options } = job;
  const given = { plan, report, signal, ...Object.fromEntries(taken) };
  try {
    signal.throwIfAborted();
    const replaced = options.stages?.[name] as ((given: unknown) => Promise<unknown>) | undefined;
    const result = replaced
      ? await runReplaced(job, stage, () => replaced(given))
      : await stage.run(given as never, job);
    const after = options.after?.[name] as ((given: unknown) => Promise<void>) | undefined;
    await after?.({ ...given, [makes]: result });
    return result;
  } catch (error) {
    // Whatever else ends now ends for this.
    stages.blame(error);
    scope.abort(error);
    throw error;
  }
}

/** What somebody else's stage does to the target is not known better than the table knows it. */
async function runReplaced(
  { signal, stages }: Job,
  { name, states }: AnyStage,
  work: () => Promise<unknown>,
): Promise<unknown> {
  if (states) stages.reach(states.during);
  const result = await (isReported(name) ? stages.run(name, work, signal) : work());
  if (states) stages.reach(states.after);
  return result;
}
