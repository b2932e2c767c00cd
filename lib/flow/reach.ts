/**
 * The first part of an install: the target reached, known, checked, asked about, with the image on it if it
 * needs one.
 *
 * @module
 */
import { checkImage } from "../files/image_check.ts";
import { systemOf } from "../files/inputs.ts";
import { InterruptedError } from "../errors.ts";
import { Scope } from "../deadline.ts";
import { type FoundDisk, showDisk, showFate, showFound } from "../plan/disks.ts";
import type { Facts } from "../plan/facts.ts";
import { doubts, needsKexec, objections, wrongBuilder, wrongSystem } from "../plan/preflight.ts";
import { planLines } from "../report/plan_lines.ts";
import { getFacts } from "../ssh/facts.ts";
import type { Session } from "../ssh/session.ts";
import { discardKexec, type RemoteKexec, uploadKexec } from "../steps/kexec/upload.ts";
import type { Evaluated } from "./build.ts";
import { DiskGuard } from "./disk_guard.ts";
import { logIn } from "./login.ts";
import { refuseUnlessForced } from "./refuse.ts";
import type { Confirmation, Run } from "./run.ts";

/** A target that was reached. */
export interface Reached {
  readonly target: Session;
  readonly facts: Facts;
  /** The image on it, if it has to be booted into an installer. */
  readonly image: RemoteKexec | undefined;
  readonly guard: DiskGuard;
}

/** Checks the local image, logs in, learns the facts, checks them, shows the plan, asks, and uploads the image. */
export async function reach(
  run: Run,
  evaluating: Promise<Evaluated> | undefined,
): Promise<Reached> {
  const { plan, options, stages, stack, scope: { signal } } = run;
  const image = plan.kexec.image;
  if (image?.kind === "file" && plan.phases.includes("kexec")) {
    // Before anything is contacted; the configuration is evaluated meanwhile.
    await checkImage(image, plan.kexec.sha256, signal);
  }
  const target = stack.use(await stages.run("connect", () => logIn(run)));
  const facts = await getFacts(target, {
    sudoPassword: options.sudoPassword,
    deadline: plan.timeouts.connect,
    signal,
  });
  const size = image?.kind === "file" ? (await Deno.stat(image.location)).size : undefined;
  for (const objection of objections(plan, facts, target.label, size)) {
    refuseUnlessForced(run, objection);
  }
  for (const text of doubts(plan, facts, target.label, size)) {
    run.report({ type: "log", level: "warning", text });
  }
  const kexec = needsKexec(plan, facts);
  const guard = new DiskGuard(run, target.label, facts.disks);
  const show = () => showPlan(run, target, facts, kexec, guard, evaluating);
  if (plan.dryRun || options.confirm) {
    const about = await show();
    if (plan.dryRun) return { target, facts, image: undefined, guard };
    if (await options.confirm?.(about) === false) {
      throw new InterruptedError(`${target.label}: not confirmed`, {
        hint: "nothing was changed; --yes asks nothing",
      });
    }
    const image = kexec ? await upload(run, target, facts, signal) : undefined;
    return { target, facts, image, guard };
  }
  if (!kexec) {
    await show();
    return { target, facts, image: undefined, guard };
  }
  // Nobody is asked, so the image need not wait for the evaluation. Nothing is booted before the plan is shown.
  using uploading = new Scope(signal);
  const [uploaded, shown] = await Promise.allSettled([
    upload(run, target, facts, uploading.signal),
    show().catch((error) => {
      uploading.abort(error);
      throw error;
    }),
  ]);
  if (shown.status === "rejected") throw shown.reason;
  if (uploaded.status === "rejected") throw uploaded.reason;
  return { target, facts, image: uploaded.value, guard };
}

/** Shows what is going to be done, with the disks as the target shows them. */
async function showPlan(
  run: Run,
  target: Session,
  facts: Facts,
  kexec: boolean,
  guard: DiskGuard,
  evaluating: Promise<Evaluated> | undefined,
): Promise<Confirmation> {
  const evaluated = await evaluating;
  const foundDisks = await holdAgainst(run, target, facts, evaluated, guard).catch((error) => {
    run.stages.blame(error);
    throw error;
  });
  const disks = foundDisks.map((one) => `${showFate(one.fate)}: ${showFound(one)}`);
  const about = { host: target.label, plan: run.plan, facts, kexec, disks, foundDisks, evaluated };
  for (const text of planLines(about, showDisk)) run.report({ type: "log", level: "info", text });
  return about;
}

/**
 * Holds what was evaluated against the target: the system must be of its architecture, the disks that the
 * configuration names must be there, and what disko asks must have an answer.
 */
async function holdAgainst(
  run: Run,
  target: Session,
  facts: Facts,
  evaluated: Evaluated | undefined,
  guard: DiskGuard,
): Promise<readonly FoundDisk[]> {
  if (evaluated === undefined || evaluated.kind === "none") return [];
  await checkArchitecture(run, target.label, facts, evaluated);
  await guard.look(target, evaluated);
  return evaluated.kind === "flake" ? guard.found : [];
}

/** Refuses a system that is for another architecture than the target's. */
export async function checkArchitecture(
  run: Run,
  host: string,
  facts: Facts,
  evaluated: Evaluated,
): Promise<void> {
  if (evaluated.kind === "none") return;
  const isFlake = evaluated.kind === "flake";
  const system = isFlake
    ? evaluated.evaluation.system
    : run.plan.phases.includes("install")
    ? await systemOf(evaluated.system)
    : undefined;
  const wrong = system === undefined ? undefined : wrongSystem(system, facts, host);
  if (wrong) refuseUnlessForced(run, wrong);
  const builder = isFlake && evaluated.place.on === "remote"
    ? wrongBuilder(evaluated.evaluation.buildSystem, facts, host)
    : undefined;
  if (builder && !wrong) refuseUnlessForced(run, builder);
}

async function upload(
  run: Run,
  target: Session,
  facts: Facts,
  signal: AbortSignal,
): Promise<RemoteKexec> {
  const { plan, stages, stack, say } = run;
  say("image");
  const { image, sha256 } = plan.kexec;
  const deadline = plan.timeouts.image;
  const onRemoved = () => {
    if (signal.aborted && !run.scope.signal.aborted) say("untouched");
  };
  const uploaded = await stages.run(
    "image",
    () => uploadKexec(target, { image, sha256, facts, deadline, signal, onRemoved }),
  );
  // A build may still fail, or someone may end the run, before it is booted.
  stack.defer(async () => {
    if (run.boots) return;
    await discardKexec(target, uploaded).then(() => say("untouched"), () => {});
  });
  return uploaded;
}
