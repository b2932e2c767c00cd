/**
 * The first part of an install: the target reached, known, checked, asked about, with the image on it if it
 * needs one.
 *
 * @module
 */
import { checkImage } from "../files/image_check.ts";
import { systemOf } from "../files/inputs.ts";
import type { Kept } from "../files/kept.ts";
import { ConnectionError, InterruptedError } from "../errors.ts";
import { type FoundDisk, showDisk, showFate, showFound } from "../plan/disks.ts";
import type { Facts } from "../plan/facts.ts";
import { needsKexec, objections, wrongSystem } from "../plan/preflight.ts";
import { planLines } from "../report/plan_lines.ts";
import { connect } from "../ssh/connect.ts";
import { getFacts } from "../ssh/facts.ts";
import { fingerprint } from "../ssh/known_hosts.ts";
import type { ConnectOptions } from "../ssh/options.ts";
import type { Session } from "../ssh/session.ts";
import { discardKexec, type RemoteKexec, uploadKexec } from "../steps/kexec/upload.ts";
import type { Evaluated } from "./build.ts";
import { DiskGuard } from "./disk_guard.ts";
import { findWayBack } from "./host_keys.ts";
import { type Run, yieldTo } from "./run.ts";

/** A target that was reached. */
export interface Reached {
  readonly target: Session;
  readonly facts: Facts;
  /** The image on it, if it has to be booted into an installer. */
  readonly image: RemoteKexec | undefined;
  readonly guard: DiskGuard;
}

/** Logs in, learns the facts, checks them, asks, and uploads the image. */
export async function reach(
  run: Run,
  evaluating: Promise<Evaluated> | undefined,
): Promise<Reached> {
  const { plan, options, report, stages, stack, scope: { signal } } = run;
  const image = plan.kexec.image;
  const checked = image?.kind === "file" && plan.phases.includes("kexec")
    ? checkImage(image, plan.kexec.sha256, signal)
    : undefined;
  checked?.catch(() => {}); // heard of before the image is used
  const target = stack.use(await stages.run("connect", () => logIn(run)));
  const facts = await getFacts(target, {
    sudoPassword: options.sudoPassword,
    deadline: plan.timeouts.connect,
    signal,
  });
  const size = image?.kind === "file" ? (await Deno.stat(image.location)).size : undefined;
  for (const objection of objections(plan, facts, target.label, size)) yieldTo(run, objection);
  const kexec = needsKexec(plan, facts);
  const guard = new DiskGuard(run, target.label, facts.disks);
  const disks = async () => await holdAgainst(run, target, facts, await evaluating, guard);
  if (plan.dryRun || options.confirm) {
    const foundDisks = await disks();
    const about = {
      host: target.label,
      plan,
      facts,
      kexec,
      disks: foundDisks.map((one) => `${showFate(one.fate)}: ${showFound(one)}`),
      foundDisks,
      evaluated: await evaluating,
    };
    for (const line of planLines(about, showDisk)) {
      report({ type: "log", level: "info", text: line });
    }
    if (plan.dryRun) return { target, facts, image: undefined, guard };
    if (await options.confirm?.(about) === false) {
      throw new InterruptedError(`${target.label}: not confirmed`, {
        hint: "nothing was changed; --yes asks nothing",
      });
    }
    const image = kexec ? await upload(run, target, facts, checked) : undefined;
    return { target, facts, image, guard };
  }
  if (!kexec) {
    await disks();
    return { target, facts, image: undefined, guard };
  }
  const [uploaded, found] = await Promise.allSettled([
    upload(run, target, facts, checked),
    disks(),
  ]);
  if (found.status === "rejected") throw found.reason;
  if (uploaded.status === "rejected") throw uploaded.reason;
  return { target, facts, image: uploaded.value, guard };
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
  const system = isFlake ? evaluated.evaluation.system : await systemOf(evaluated.system);
  const wrong = system === undefined ? undefined : wrongSystem(system, facts, host);
  if (wrong) yieldTo(run, wrong);
}

async function upload(
  run: Run,
  target: Session,
  facts: Facts,
  checked: Promise<void> | undefined,
): Promise<RemoteKexec> {
  const { plan, stages, stack, say, scope: { signal } } = run;
  await checked;
  say("image");
  const { image, sha256 } = plan.kexec;
  const uploaded = await stages.run(
    "image",
    () => uploadKexec(target, { image, sha256, facts, deadline: plan.timeouts.image, signal }),
  );
  // A build may still fail, or someone may end the run, before it is booted.
  stack.defer(() => run.boots ? undefined : discardKexec(target, uploaded).catch(() => {}));
  return uploaded;
}

/**
 * Logs in where the user says; where that fails since an earlier run has booted the installer already, logs
 * in to that.
 */
async function logIn(run: Run): Promise<Session> {
  const { plan, report, scope: { signal } } = run;
  const { destination, ssh } = plan;
  if (!destination) throw new TypeError("a plan without a target cannot be run");
  const options: ConnectOptions = {
    ...ssh,
    sshOptions: ssh.options,
    deadline: plan.timeouts.connect,
    report,
    signal,
  };
  const { port } = plan.kexec;
  const kept = await findWayBack(plan);
  try {
    const session = await connect(destination, options);
    if (kept && !session.hostKeyKnown && !(await hasKey(kept, session.fingerprint))) {
      const text =
        `${session.label}: this host key is none that the machine had when an earlier run ` +
        "booted it: compare it with the machine's console";
      report({ type: "log", level: "warning", text });
    }
    return session;
  } catch (error) {
    if (!kept || !(error instanceof ConnectionError)) throw error;
    const text = `${error.message}: trying the installer that an earlier run has booted there`;
    report({ type: "log", level: "info", text });
    const { privateKey = ssh.privateKey } = kept;
    const identityFile = kept.privateKey === undefined ? ssh.identityFile : undefined;
    const login = {
      ...options,
      identityFile,
      privateKey,
      port,
      expectedHostKeys: kept.hostKeys,
      expectedFingerprint: kept.fingerprint,
    };
    const again = connect({ ...destination, user: "root", port }, login);
    return await again.catch((second) => {
      signal.throwIfAborted();
      report({ type: "log", level: "debug", text: String(second) });
      throw error;
    });
  }
}

/** Whether a key of this fingerprint is among those that are kept. */
async function hasKey(kept: Kept, wanted: string | undefined): Promise<boolean> {
  const fingerprints = await Promise.all(kept.hostKeys.map(fingerprint));
  return wanted !== undefined && [...fingerprints, kept.fingerprint].includes(wanted);
}
