/**
 * The whole install: the plan, the steps in their order, and what came of it.
 *
 * @module
 */
import { Scope } from "./deadline.ts";
import { readInputs } from "./files/inputs.ts";
import { prepareBuild, runVmTest } from "./flow/build.ts";
import { formatDisks, installSystem, type Work } from "./flow/phases.ts";
import { type State, STATES } from "./flow/states.ts";
import type { NixOptions } from "./nix/command.ts";
import type { Facts } from "./plan/facts.ts";
import type { PlanOptions } from "./plan/options.ts";
import type { Phase } from "./plan/phases.ts";
import { makePlan, type Plan } from "./plan/plan.ts";
import { needsKexec, preflight } from "./plan/preflight.ts";
import type { StorePath } from "./plan/store_path.ts";
import { type Reporter, silent } from "./report/events.ts";
import { Stages, type StageTimes } from "./report/stages.ts";
import { connect } from "./ssh/connect.ts";
import type { Session } from "./ssh/session.ts";
import { getFacts } from "./ssh/facts.ts";
import { becomeRootSession } from "./steps/access.ts";
import { generateHardwareConfig } from "./steps/hardware.ts";
import { useSubstituters } from "./steps/substituters.ts";
import { type RemoteKexec, runKexec, uploadKexec } from "./steps/kexec.ts";
import { reboot, type Rebooted } from "./steps/reboot.ts";

/** Everything a whole install takes; only `host` and one of `flake` and `storePaths` are needed. */
export interface NixosAnywhereOptions extends PlanOptions {
  /** Asked once before anything on the target is changed; throws to stop. @default goes on */
  readonly confirm?: ((about: Confirmation) => Promise<void>) | undefined;
  /** Asked when sudo on the target wants a password. @default such a user cannot become root */
  readonly sudoPassword?: (() => Promise<string | undefined>) | undefined;
  /** Hears of everything that happens. @default nobody */
  readonly report?: Reporter | undefined;
  /** Ends the install when aborted: nothing is left running here. */
  readonly signal?: AbortSignal | undefined;
}

/** What is about to be changed. */
export interface Confirmation {
  /** The target as the user named it. */
  readonly host: string;
  /** What is going to be done. */
  readonly plan: Plan;
  /** What the target says of itself. */
  readonly facts: Facts;
}

/** What came of an install. */
export interface InstallReport {
  /** The target as the user named it. */
  readonly host: string;
  /** The phases that were run. */
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
  const plan = makePlan(options);
  const inputs = await readInputs(plan);
  if (inputs.swapped) {
    const text = "--store-paths: the system was given first; taken in the other order";
    report({ type: "log", level: "warning", text });
  }
  using scope = new Scope(options.signal);
  await using stack = new AsyncDisposableStack();
  const stages = new Stages(report);
  const nix: NixOptions = { ...plan.nix, report, signal: scope.signal };
  const say = (state: State) => report({ type: "state", text: STATES[state] });
  if (plan.build.vmTest) {
    await runVmTest(inputs.source, nix, stages);
    return { host: "here", phases: [], times: stages.times };
  }
  say("untouched");
  const run: Run = { plan, options, report, scope, stack, stages, say };
  const build = () => prepareBuild(plan, inputs.source, nix, stages);
  const { hardware } = plan.build;
  const [early, reached] = await together(scope, hardware ? undefined : build(), reach(run));
  const installer = await bootInstaller(run, reached);
  say("installer");
  if (hardware) {
    await stages.run("hardware", () => generateHardwareConfig(installer, hardware, scope));
  }
  const built = early ?? await build();
  if (plan.copy.machineSubstituters && "evaluation" in built && built.evaluation) {
    await useSubstituters(installer, built.evaluation);
  }
  const work: Work = { plan, inputs, installer, built, nix, signal: scope.signal };
  if (plan.phases.includes("disko")) {
    say("formatting");
    await stages.run("disko", () => formatDisks(work));
    say("formatted");
  }
  let system: StorePath | undefined;
  if (plan.phases.includes("install")) {
    say("installing");
    system = await stages.run("install", () => installSystem(work));
    say("installed");
  }
  let rebooted: Rebooted | undefined;
  if (plan.phases.includes("reboot")) {
    say("rebooting");
    rebooted = await stages.run(
      "reboot",
      () => reboot(installer, { system, signal: scope.signal }),
    );
    if (rebooted.seen === "running") say("done");
  }
  return {
    host: reached.target.label,
    phases: plan.phases,
    ...(system !== undefined && { system }),
    ...(rebooted && { rebooted }),
    times: stages.times,
  };
}

/** What all parts of one run share. */
interface Run {
  readonly plan: Plan;
  readonly options: NixosAnywhereOptions;
  readonly report: Reporter;
  readonly scope: Scope;
  /** Ends what was opened, in the order opposite to that. */
  readonly stack: AsyncDisposableStack;
  readonly stages: Stages;
  readonly say: (state: State) => void;
}

/** A target that was reached, with the image on it if it needs one. */
interface Reached {
  readonly target: Session;
  readonly facts: Facts;
  readonly image: RemoteKexec | undefined;
}

/** Logs in, learns the facts, checks them, asks, and uploads the image. */
async function reach({ plan, options, report, scope, stack, stages, say }: Run): Promise<Reached> {
  const { signal } = scope;
  const { destination, ssh } = plan;
  if (!destination) throw new TypeError("a plan without a target cannot be run");
  const target = await stages.run("connect", () => {
    const { identityFile, privateKey, port, options: sshOptions, password } = ssh;
    return connect(destination, {
      identityFile,
      privateKey,
      port,
      sshOptions,
      password,
      report,
      signal,
    });
  });
  stack.use(target);
  const facts = await getFacts(target, { sudoPassword: options.sudoPassword, signal });
  preflight(plan, facts, target.label);
  await options.confirm?.({ host: target.label, plan, facts });
  if (!needsKexec(plan, facts)) return { target, facts, image: undefined };
  say("image");
  const image = await stages.run(
    "image",
    () => uploadKexec(target, { image: plan.kexec.image, facts, signal }),
  );
  return { target, facts, image };
}

/** Root's session on the installer: booted by kexec, or running already. */
async function bootInstaller(run: Run, { target, facts, image }: Reached): Promise<Session> {
  const { plan, scope: { signal }, stack, stages, say } = run;
  if (!image) {
    if (plan.phases.includes("kexec")) {
      stages.skip("kexec", `${facts.name} is an installer already`);
    }
    const root = await becomeRootSession(target, facts, signal);
    return root === target ? root : stack.use(root);
  }
  say("booting");
  const { port, extraFlags } = plan.kexec;
  return stack.use(
    await stages.run("kexec", () => runKexec(target, image, { port, extraFlags, signal })),
  );
}

/** Runs two parts at once; when one fails the other is ended, and both are waited for. */
async function together<A, B>(scope: Scope, a: Promise<A> | A, b: Promise<B>): Promise<[A, B]> {
  const stop = (error: unknown) => {
    scope.abort(error);
    throw error;
  };
  const results = await Promise.allSettled([Promise.resolve(a).catch(stop), b.catch(stop)]);
  scope.signal.throwIfAborted();
  const [left, right] = results;
  if (left.status === "rejected") throw left.reason;
  if (right.status === "rejected") throw right.reason;
  return [left.value, right.value];
}
