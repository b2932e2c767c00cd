/**
 * A job: one install with all its inputs resolved, and what lives as long as it does.
 *
 * @module
 */
import { abortable, Scope } from "../async.ts";
import { followStorePaths, type Inputs, readInputs } from "../files/inputs.ts";
import { checkConfiguration } from "../nix/check_configuration.ts";
import type { NixOptions } from "../nix/command.ts";
import { showDestination } from "../plan/destination.ts";
import { neededParts } from "../plan/phases.ts";
import { makePlan, type Plan } from "../plan/plan.ts";
import { type Report, stamping } from "../report/events.ts";
import { makePlanEvent } from "../report/make_plan_event.ts";
import { Stages } from "../report/stages.ts";
import { DiskGuard } from "./disk_guard.ts";
import type { NixosAnywhereOptions } from "./install_options.ts";

/** One install. Disposal ends what it has opened, in the order opposite to that. */
export interface Job extends AsyncDisposable {
  /** What is to be done, with the one source that is installed. */
  readonly plan: Plan;
  /** The local files of the plan, read: what is shown is what will be used. */
  readonly inputs: Inputs;
  /** Whom to ask and to tell. */
  readonly options: NixosAnywhereOptions;
  readonly report: Report;
  readonly stages: Stages;
  /** Aborted with the failure that ends the job. */
  readonly scope: Scope;
  readonly signal: AbortSignal;
  readonly stack: AsyncDisposableStack;
  /** What every nix command of the job is told. */
  readonly nix: NixOptions;
  readonly guard: DiskGuard;
}

/**
 * Resolves options into a job: every rule about them is checked and every local file read. Contacts nothing.
 *
 * Throws a {@linkcode UsageError} on the first thing that is wrong.
 */
export async function openJob(options: NixosAnywhereOptions): Promise<Job> {
  const { storePaths } = options;
  const given = makePlan({
    ...options,
    storePaths: storePaths && await followStorePaths(storePaths),
  } as NixosAnywhereOptions);
  // Nobody may ever write into a pipe.
  const reading = readInputs(given);
  const inputs = await (options.signal ? abortable(reading, options.signal) : reading);
  const plan: Plan = { ...given, source: inputs.source };
  const report = stamping(
    options.report,
    plan.destination ? showDestination(plan.destination) : "here",
  );
  const stages = Stages.of(report);
  report(makePlanEvent(plan));
  if (inputs.swapped) {
    const text = "--store-paths: the system was given first; taken in the other order";
    report({ type: "log", level: "warning", text });
  }
  const scope = new Scope(options.signal);
  const stack = new AsyncDisposableStack();
  stack.use(scope);
  const { signal } = scope;
  const nix = { ...plan.nix, said: new Set<string>(), report, signal };
  stages.reach("uncontacted");
  try {
    await checkSource(plan, nix);
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
  const job = { plan, inputs, options, report, stages, scope, signal, stack, nix };
  const guard = new DiskGuard(job);
  return { ...job, guard, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** Whether there is something to build: not for store paths, and not for phases that need no system. */
export function needsBuild(plan: Plan): boolean {
  return plan.source.kind === "flake" && neededParts(plan).length > 0;
}

/** Checks that the configuration that is to be installed or tested is there, before anything is contacted. */
async function checkSource(plan: Plan, nix: NixOptions): Promise<void> {
  const { source, build } = plan;
  if (source.kind !== "flake" || (!build.vmTest && !needsBuild(plan))) return;
  await checkConfiguration(
    source.flake,
    { ...nix, timeout: plan.timeouts.build },
    build.hardware?.path,
  );
}
