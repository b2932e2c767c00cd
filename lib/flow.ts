/**
 * The whole install: the plan, the steps in their order, and what came of it.
 *
 * @module
 */
import { Scope } from "./deadline.ts";
import { type Inputs, readInputs } from "./files/inputs.ts";
import { type Built, prepareBuild } from "./nix/prepare.ts";
import { buildThere } from "./nix/build.ts";
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
import { copyClosure } from "./steps/closure.ts";
import { runDisko } from "./steps/disko.ts";
import { getFacts } from "./steps/facts.ts";
import { install } from "./steps/install.ts";
import { type RemoteKexec, runKexec, uploadKexec } from "./steps/kexec.ts";
import { reboot, type Rebooted } from "./steps/reboot.ts";

/** Everything a whole install takes; only `host` and one of `flake` and `storePaths` are needed. */
export interface NixosAnywhereOptions extends PlanOptions {
  /** Asked once before anything on the target is changed; throws to stop. @default goes on */
  readonly confirm?: ((about: Confirmation) => Promise<void>) | undefined;
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

/** What the target's state is from some point on, for whoever has to go on after a failure. */
const STATES = {
  untouched: "nothing was changed on the target",
  image: "an unpacked kexec image may be left on the target; nothing else was changed",
  booting: "the target may be booting the installer; its disks are untouched",
  installer: "the target runs the installer; its disks are untouched",
  formatting: "the target runs the installer; its disks may be partly formatted",
  formatted: "the target runs the installer; its disks are formatted, no system is installed",
  installing: "the target runs the installer; the new system may be partly installed",
  installed: "the new system is installed; the target still runs the installer",
  rebooting: "the new system is installed; the target was told to reboot into it",
  done: "the new system is installed and runs",
} as const;

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
  const { report = silent, confirm } = options;
  const plan = makePlan(options);
  const inputs = await readInputs(plan);
  if (inputs.swapped) {
    report({
      type: "log",
      level: "warning",
      text: "--store-paths: the system was given first; taken in the other order",
    });
  }
  using scope = new Scope(options.signal);
  await using stack = new AsyncDisposableStack();
  const stages = new Stages(report);
  const nix: NixOptions = { ...plan.nix, report, signal: scope.signal };
  const say = (state: keyof typeof STATES) => report({ type: "state", text: STATES[state] });
  say("untouched");

  const reaching = async (): Promise<
    { target: Session; facts: Facts; image: RemoteKexec | undefined }
  > => {
    const target = await stages.run("connect", () => reach(plan, report, scope.signal));
    stack.use(target);
    const facts = await getFacts(target);
    preflight(plan, facts, target.label);
    await confirm?.({ host: target.label, plan, facts });
    if (!needsKexec(plan, facts)) return { target, facts, image: undefined };
    say("image");
    const image = await stages.run(
      "image",
      () => uploadKexec(target, { image: plan.kexec.image, facts, signal: scope.signal }),
    );
    return { target, facts, image };
  };
  const [built, { target, facts, image }] = await together(
    scope,
    prepareBuild(plan, inputs.source, nix, stages),
    reaching(),
  );

  let installer = target;
  if (image) {
    say("booting");
    installer = stack.use(
      await stages.run("kexec", () =>
        runKexec(target, image, {
          port: plan.kexec.port,
          extraFlags: plan.kexec.extraFlags,
          signal: scope.signal,
        })),
    );
  } else if (plan.phases.includes("kexec")) {
    stages.skip("kexec", `${facts.name} is an installer already`);
  }
  say("installer");
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
    host: target.label,
    phases: plan.phases,
    ...(system !== undefined && { system }),
    ...(rebooted && { rebooted }),
    times: stages.times,
  };
}

/** What the phases on the installer work with. */
interface Work {
  readonly plan: Plan;
  readonly inputs: Inputs;
  readonly installer: Session;
  readonly built: Built;
  readonly nix: NixOptions;
  readonly signal: AbortSignal;
}

function reach(
  { destination, ssh }: Plan,
  report: Reporter,
  signal: AbortSignal,
): Promise<Session> {
  if (!destination) throw new TypeError("a plan without a target cannot be run");
  const { identityFile, port, options: sshOptions, password } = ssh;
  return connect(destination, { identityFile, port, sshOptions, password, report, signal });
}

async function formatDisks(work: Work): Promise<void> {
  const script = await bring(work, "disko");
  await runDisko(work.installer, script, { keys: work.inputs.keys, signal: work.signal });
}

async function installSystem(work: Work): Promise<StorePath> {
  const { plan, inputs, installer, signal } = work;
  const system = await bring(work, "system", "/mnt");
  const { chown, copyHostKeys, noCheck } = plan.install;
  await install(installer, system, {
    extraFiles: inputs.extraFiles,
    chown,
    copyHostKeys,
    noCheck,
    signal,
  });
  return system;
}

/** Brings the disko script or the system into a store of the installer: copied, or built right there. */
async function bring(work: Work, what: "disko" | "system", root?: string): Promise<StorePath> {
  const { plan, installer, built, nix } = work;
  if (built.on === "nowhere") {
    throw new TypeError("a plan without a source has no phase that needs one");
  }
  if (built.on === "remote") {
    const attribute = what === "disko" ? built.diskoScript : "toplevel";
    return await buildThere(installer, built.flake, attribute, { ...nix, root });
  }
  const { from, substitute } = plan.copy;
  await copyClosure(installer, built[what], {
    ...nix,
    root,
    from,
    substitute,
    storeSettings: plan.ssh.storeSettings,
  });
  return built[what];
}

/** Runs two parts at once; when one fails the other is ended, and both are waited for. */
async function together<A, B>(scope: Scope, a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  const stop = (error: unknown) => {
    scope.abort(error);
    throw error;
  };
  const [left, right] = await Promise.allSettled([a.catch(stop), b.catch(stop)]);
  scope.signal.throwIfAborted();
  if (left.status === "rejected") throw left.reason;
  if (right.status === "rejected") throw right.reason;
  return [left.value, right.value];
}
