/**
 * The whole install: the plan, the steps in their order, and what came of it.
 *
 * @module
 */
import { Scope } from "./deadline.ts";
import { followStorePaths, readInputs } from "./files/inputs.ts";
import {
  buildEvaluated,
  checkSource,
  type Evaluated,
  evaluateSource,
  needsBuild,
  runVmTest,
} from "./flow/build.ts";
import { formatDisks, installSystem, type Work } from "./flow/phases.ts";
import { checkArchitecture, reach, type Reached } from "./flow/reach.ts";
import { checkUnlessForced, refuseUnlessForced } from "./flow/refuse.ts";
import type { NixosAnywhereOptions, Run } from "./flow/run.ts";
import { forgetWayBack, keepWayBack, tellHostKeys } from "./flow/host_keys.ts";
import type { NixOptions } from "./nix/command.ts";
import type { Phase } from "./plan/phases.ts";
import { makePlan, type Plan } from "./plan/plan.ts";
import type { StorePath } from "./plan/store_path.ts";
import { silent } from "./report/events.ts";
import { type State, STATES } from "./report/states.ts";
import { Stages, type StageTimes } from "./report/stages.ts";
import type { Session } from "./ssh/session.ts";
import { becomeRootSession } from "./steps/access.ts";
import { checkMounted } from "./ssh/mounted.ts";
import { checkBootable } from "./steps/bootable.ts";
import type { Formatted } from "./steps/disko.ts";
import { generateHardwareConfig } from "./steps/hardware.ts";
import { runKexec } from "./steps/kexec.ts";
import { arrangeBoot } from "./steps/kexec/arrange.ts";
import { reboot, type Rebooted } from "./steps/reboot.ts";
import { addSubstituters, type Substituters, useSubstituters } from "./steps/substituters.ts";

/** What came of an install. */
export interface InstallReport {
  /** The target as the user named it. */
  readonly host: string;
  /** The phases that were run; without kexec where the target ran an installer already. */
  readonly phases: readonly Phase[];
  /** The system that was installed; absent where the install phase was left out. */
  readonly system?: StorePath;
  /** What was seen of the installed system; absent where the reboot phase was left out. */
  readonly rebooted?: Rebooted;
  /** How long each stage took, in milliseconds. Stages overlap. */
  readonly times: StageTimes;
}

/**
 * Installs NixOS on a machine that ssh reaches: boots it into an installer with kexec, formats its disks,
 * copies the system, installs it and reboots. **All data on the disks that the configuration names is
 * gone afterwards.**
 *
 * Throws a {@linkcode UsageError} before anything is contacted if an option or local input is wrong; a
 * {@linkcode PreflightError} before anything is changed if the target cannot be installed this way; a
 * {@linkcode HostIdentityError}, {@linkcode ConnectionError}, {@linkcode CommandError},
 * {@linkcode BootError} or {@linkcode DeadlineError} if something fails on the way.
 *
 * @example
 * ```ts ignore
 * import { nixosAnywhere } from "@nixos-anywhere/deno";
 * const report = await nixosAnywhere({ flake: ".#web", host: "root@203.0.113.7" });
 * console.log(report.system);
 * ```
 */
export async function nixosAnywhere(options: NixosAnywhereOptions): Promise<InstallReport> {
  const { report = silent } = options;
  const { storePaths } = options;
  const given = makePlan({
    ...options,
    storePaths: storePaths && await followStorePaths(storePaths),
  } as NixosAnywhereOptions);
  const inputs = await readInputs(given);
  // As it was read: what is shown is what will be used.
  const plan: Plan = { ...given, source: inputs.source };
  if (inputs.swapped) {
    const text = "--store-paths: the system was given first; taken in the other order";
    report({ type: "log", level: "warning", text });
  }
  using scope = new Scope(options.signal);
  await using stack = new AsyncDisposableStack();
  const { signal } = scope;
  const stages = new Stages(report, signal);
  const nix: NixOptions = { ...plan.nix, said: new Set(), report, signal };
  const say = (state: State) => report({ type: "state", state, text: STATES[state] });
  const making = { ...nix, deadline: plan.timeouts.build };
  say("uncontacted");
  await checkSource(plan, inputs.source, making);
  if (plan.build.vmTest) {
    await runVmTest(inputs.source, making, stages);
    return { host: "here", phases: [], times: stages.times };
  }
  let contacted = false;
  const contacts = () => {
    if (!contacted) say("untouched");
    contacted = true;
  };
  const run: Run = { plan, options, report, scope, stack, stages, say, contacts, boots: false };
  const { hardware } = plan.build;
  const evaluate = () => evaluateSource(plan, inputs.source, making);
  const build = (evaluating: ReturnType<typeof evaluate>) => {
    const work = async () => await buildEvaluated(plan, await evaluating, making, stack);
    return needsBuild(plan, inputs.source) ? stages.run("build", work) : work();
  };
  const early = hardware ? undefined : evaluate();
  early?.catch(() => {}); // whoever awaits it hears of it
  const building = early && !plan.dryRun ? build(early) : undefined;
  const [made, reached] = await together(scope, building, reach(run, early));
  const { target, facts, guard } = reached;
  if (plan.dryRun) return { host: target.label, phases: [], times: stages.times };

  const knownAs = target.knownAs;
  let evaluated = await early;
  await guard.ask(made);
  const installer = await bootInstaller(run, reached, evaluated);
  const shown = installer.fingerprint;
  say("installer");
  let built = made;
  if (hardware) {
    const deadline = plan.timeouts.hardware;
    await stages.run(
      "hardware",
      () => generateHardwareConfig(installer, hardware, { deadline, signal }),
    );
    const evaluating = evaluate();
    const checking = evaluating.then((made) =>
      checkArchitecture(run, installer.label, facts, made)
    );
    [built] = await together(scope, build(evaluating), checking);
    evaluated = await evaluating;
    guard.expect(evaluated);
    const substituters = substitutersOf(plan, evaluated);
    if (substituters) await useSubstituters(installer, substituters);
  }
  if (!built) throw new TypeError("what is built later needs a hardware configuration");
  const { link } = reached.image ?? {};
  const work: Work = { plan, inputs, installer, built, nix, link, signal };
  let formatted: Formatted | undefined;
  if (plan.phases.includes("disko")) {
    const began = () => say("formatting");
    formatted = await stages.run("disko", () => formatDisks(work, guard, began));
    say("formatted");
  }
  let system: StorePath | undefined;
  if (plan.phases.includes("install")) {
    await checkUnlessForced(run, () => checkMounted(installer, signal));
    say("installing");
    system = await stages.run("install", () => installSystem(work, formatted));
    say("installed");
  }
  let rebooted: Rebooted | undefined;
  if (plan.phases.includes("reboot")) {
    await checkUnlessForced(run, () => checkBootable(installer, system, signal));
    say("rebooting");
    const deadline = plan.timeouts.reboot;
    rebooted = await stages.run("reboot", () => reboot(installer, { system, deadline, signal }));
    if (rebooted.seen === "running") say("done");
    await tellHostKeys(run, knownAs, rebooted.hostKeys);
    await forgetWayBack(plan, shown);
  }
  return {
    host: target.label,
    phases: plan.phases.filter((phase) => phase !== "kexec" || reached.image),
    ...(system !== undefined && { system }),
    ...(rebooted && { rebooted }),
    times: stages.times,
  };
}

/** Root's session on the installer: booted by kexec, or running already. Its nix knows the substituters. */
async function bootInstaller(
  run: Run,
  { target, facts, image, guard }: Reached,
  evaluated: Evaluated | undefined,
): Promise<Session> {
  const { plan, scope: { signal }, stack, stages, say } = run;
  const substituters = substitutersOf(plan, evaluated);
  if (!image) {
    if (plan.phases.includes("kexec")) {
      stages.skip("kexec", `${facts.name} is an installer already`);
    }
    // A user's keys are added to root's there: from here on it is not untouched.
    say("installer");
    const root = await becomeRootSession(target, facts, signal);
    if (root !== target) stack.use(root);
    if (substituters) await useSubstituters(root, substituters);
    return root;
  }
  const arranged = await arrangeBoot(target, image, { signal });
  for (const objection of arranged.objections) refuseUnlessForced(run, objection);
  say("booting");
  run.boots = true;
  guard.booted();
  const { host, port, extraFlags } = plan.kexec;
  const { kexec: scriptDeadline, boot: deadline } = plan.timeouts;
  const options = { arranged, host, port, extraFlags, scriptDeadline, deadline, signal };
  const also = substituters && addSubstituters(substituters);
  return stack.use(
    await stages.run("kexec", () =>
      runKexec(target, image, {
        ...options,
        keep: (kept) => keepWayBack(run, kept),
        ...(also && { also }),
      })),
  );
}

/** The substituters that the installer shall use, if there are any. */
function substitutersOf(
  { copy }: Plan,
  evaluated: Evaluated | undefined,
): Substituters | undefined {
  return copy.machineSubstituters && evaluated?.kind === "flake" ? evaluated.evaluation : undefined;
}

/** Runs two parts at once; when one fails the other is ended, and both are waited for. */
async function together<A, B>(
  scope: Scope,
  a: Promise<A> | undefined,
  b: Promise<B>,
): Promise<[A | undefined, B]> {
  const stop = (error: unknown) => {
    scope.abort(error);
    throw error;
  };
  const [left, right] = await Promise.allSettled([a?.catch(stop), b.catch(stop)]);
  scope.signal.throwIfAborted();
  if (left.status === "rejected") throw left.reason;
  if (right.status === "rejected") throw right.reason;
  return [left.value, right.value];
}
