/**
 * The first part of an install: the target reached, known, checked, asked about, with the image on it if it
 * needs one.
 *
 * @module
 */
import { checkImage } from "../files/image_check.ts";
import { systemOf } from "../files/inputs.ts";
import type { Kept } from "../files/kept.ts";
import { ConnectionError, InterruptedError, PreflightError } from "../errors.ts";
import { showDisk } from "../plan/disks.ts";
import type { Facts } from "../plan/facts.ts";
import { concerns, needsKexec, objections, wrongSystem } from "../plan/preflight.ts";
import { planLines } from "../report/plan_lines.ts";
import { connect } from "../ssh/connect.ts";
import { getFacts } from "../ssh/facts.ts";
import { fingerprint } from "../ssh/known_hosts.ts";
import type { ConnectOptions } from "../ssh/options.ts";
import type { Session } from "../ssh/session.ts";
import { findDisks } from "../steps/disks.ts";
import { discardKexec, type RemoteKexec, uploadKexec } from "../steps/kexec/upload.ts";
import type { Evaluated } from "./build.ts";
import { findWayBack } from "./host_keys.ts";
import type { Run } from "./run.ts";

/** A target that was reached. */
export interface Reached {
  readonly target: Session;
  readonly facts: Facts;
  /** The image on it, if it has to be booted into an installer. */
  readonly image: RemoteKexec | undefined;
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
  for (const text of kexec ? concerns(facts, target.label) : []) {
    report({ type: "log", level: "warning", text });
  }
  const disks = async () => await holdAgainst(run, target, facts, await evaluating);
  if (plan.dryRun || options.confirm) {
    const about = {
      host: target.label,
      plan,
      facts,
      kexec,
      disks: await disks(),
      evaluated: await evaluating,
    };
    for (const line of planLines(about, showDisk)) {
      report({ type: "log", level: "info", text: line });
    }
    if (plan.dryRun) return { target, facts, image: undefined };
    if (await options.confirm?.(about) === false) {
      throw new InterruptedError(`${target.label}: not confirmed`, {
        hint: "nothing was changed; --yes asks nothing",
      });
    }
    return { target, facts, image: kexec ? await upload(run, target, facts, checked) : undefined };
  }
  if (!kexec) {
    await disks();
    return { target, facts, image: undefined };
  }
  const [uploaded, found] = await Promise.allSettled([
    upload(run, target, facts, checked),
    disks(),
  ]);
  if (found.status === "rejected") throw found.reason;
  if (uploaded.status === "rejected") throw uploaded.reason;
  return { target, facts, image: uploaded.value };
}

/**
 * Holds what was evaluated against the target: the system must be of its architecture, and the disks that
 * the configuration names must be there. Returns these disks as the target shows them.
 */
export async function holdAgainst(
  run: Run,
  target: Session,
  facts: Facts,
  evaluated: Evaluated | undefined,
): Promise<readonly string[]> {
  if (evaluated === undefined || evaluated.kind === "none") return [];
  const isFlake = evaluated.kind === "flake";
  const system = isFlake ? evaluated.evaluation.system : await systemOf(evaluated.system);
  const wrong = system === undefined ? undefined : wrongSystem(system, facts, target.label);
  if (wrong) yieldTo(run, wrong);
  if (!isFlake || !run.plan.phases.includes("disko")) return [];
  try {
    const disks = await findDisks(
      target,
      evaluated.evaluation.disks,
      facts.disks,
      run.scope.signal,
    );
    for (const disk of disks) {
      run.report({ type: "log", level: "info", text: `disk of the configuration: ${disk}` });
    }
    return disks;
  } catch (error) {
    if (!(error instanceof PreflightError)) throw error;
    yieldTo(run, error);
    return [];
  }
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

/** Throws what stands against the install, or only tells it where the user knows better. */
function yieldTo({ plan, report }: Run, objection: PreflightError): void {
  if (!plan.force) throw objection;
  report({
    type: "log",
    level: "warning",
    text: `${objection.message}: going on, as --force says`,
  });
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
