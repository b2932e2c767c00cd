/**
 * A whole update: a configuration is built, brought to a machine that runs NixOS, and activated there.
 *
 * @module
 */
import { Scope } from "../async.ts";
import { copyClosure } from "../copy/transfer/copy_closure.ts";
import { UsageError } from "../errors.ts";
import { chooseBuildLocation } from "../nix/build_location.ts";
import { checkConfiguration } from "../nix/check_configuration.ts";
import type { NixOptions } from "../nix/command.ts";
import { evaluate } from "../nix/evaluate.ts";
import { buildHere, keepHere, rootsFolder } from "../nix/realise.ts";
import { cacheSettings, flakeSettings, nixConfig } from "../nix/settings.ts";
import { showDestination } from "../plan/destination.ts";
import { becomeRoot, type Facts } from "../plan/facts.ts";
import type { FlakeRef } from "../plan/flake.ts";
import { wrongSystem } from "../plan/preflight.ts";
import { type StorePath, storePath } from "../plan/store_path.ts";
import { makeUpdatePlan, type UpdatePlan, type UpdateSettings } from "../plan/update_options.ts";
import { type Reporter, type Stage, stamping } from "../report/events.ts";
import { makeUpdatePlanEvent } from "../report/make_plan_event.ts";
import { Stages } from "../report/stages.ts";
import { getFacts } from "../ssh/get_facts.ts";
import { keyAgent } from "../ssh/key_agent.ts";
import type { Session } from "../ssh/session.ts";
import { buildThere } from "../steps/build_there.ts";
import { logIn } from "../steps/connect.ts";
import { deploy, type Deployed } from "../steps/deploy/deploy.ts";
import { namingKeys } from "./naming_keys.ts";

/** Everything a whole update takes; only `host` and one of `flake` and `system` are needed. */
export interface UpdateOptions extends UpdateSettings {
  /** Asked when sudo on the target wants a password. Default: such a user cannot become root */
  readonly sudoPassword?: (() => Promise<string | undefined>) | undefined;
  /** Hears of everything that happens. Default: nobody */
  readonly report?: Reporter | undefined;
  /** Ends the update when aborted: what was not confirmed by then goes back by itself. */
  readonly signal?: AbortSignal | undefined;
}

/** What came of an update. */
export interface UpdateReport extends Deployed {
  /** The target as the user named it. */
  readonly host: string;
  /** How long each stage took, in milliseconds. */
  readonly times: { readonly [K in Stage]?: number };
}

/**
 * Updates a machine that runs NixOS: builds the configuration where {@linkcode nixosAnywhere} would build it, copies what is
 * missing, and activates it as {@linkcode deploy} does, so that a machine which cannot be reached afterwards goes back by
 * itself to the system before.
 *
 * Throws a {@linkcode UsageError} before anything is contacted if an option or local input is wrong, and what
 * {@linkcode connect} and {@linkcode deploy} throw.
 *
 * @example
 * ```ts ignore
 * import { update } from "@nixos-anywhere/deno";
 * const { system, previous } = await update({ flake: ".#web", host: "root@203.0.113.7" });
 * console.log(previous, system);
 * ```
 */
export async function update(options: UpdateOptions): Promise<UpdateReport> {
  return await namingKeys(() => runUpdate(options));
}

/** The same for the command, whose flags errors name. */
export async function runUpdate(options: UpdateOptions): Promise<UpdateReport> {
  const plan = makeUpdatePlan(options);
  const host = showDestination(plan.destination);
  const report = stamping(options.report, host);
  const stages = Stages.of(report);
  using scope = new Scope(options.signal);
  const { signal } = scope;
  await using stack = new AsyncDisposableStack();
  const { source, timeouts } = plan;
  const { printBuildLogs, showTrace, acceptFlakeConfig, nixOptions } = plan;
  const nix: NixOptions = {
    ...{ settings: nixOptions, printBuildLogs, showTrace, acceptFlakeConfig },
    ...{ timeout: timeouts.build, said: new Set<string>(), report, signal },
  };
  const given = typeof source === "string" ? await readSystem(source, plan) : undefined;
  report(makeUpdatePlanEvent(plan, given));
  stages.reach("uncontacted");
  if (typeof source !== "string") await checkConfiguration(source, nix);
  if (given !== undefined && plan.from === undefined) {
    await keepHere([given], { ...nix, roots: await rootsFolder(stack) });
  }

  const ssh = { ...plan, options: plan.sshOptions, privateKey: privateKeyOf(plan) };
  const agent = await keyAgent(plan.destination, ssh, signal);
  if (agent) stack.use(agent);
  const { identityFile, sshPort: port, sshOptions, password, hostKey, knownHosts } = plan;
  const target = stack.use(
    await logIn(plan.destination, {
      ...{ identityFile, port, sshOptions, password, hostKey, knownHosts, report, signal },
      privateKey: ssh.privateKey,
      agent: agent?.socket,
      timeout: timeouts.connect,
      // The installer of an earlier run is no system to update.
      resume: false,
    }),
  );
  const sudoPassword = options.sudoPassword && once(options.sudoPassword);
  const facts = await getFacts(target, { sudoPassword, timeout: timeouts.connect, signal });
  if (given !== undefined) report(makeUpdatePlanEvent(plan, given, { facts }));
  const job = { plan, nix, target, facts, stack };
  const system = given ??
    await stages.run("build", () => build(job, source as FlakeRef), signal);
  const deployed = await deploy(target, system, {
    ...{ action: plan.action, rollback: plan.rollback, facts, sudoPassword, signal },
    ignoreFailedUnits: plan.ignoreFailedUnits,
    installBootloader: plan.installBootloader,
    copy: { ...copying(job), from: plan.from },
    timeout: timeouts.activate,
    confirmTimeout: timeouts.confirm,
  });
  return { ...deployed, host, times: stages.times };
}

function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => answer ??= ask();
}

function privateKeyOf({ identityFile, privateKey }: UpdatePlan): string | undefined {
  return identityFile === undefined ? privateKey || undefined : undefined;
}

/** The store path that was named, perhaps by a link such as `./result`; it is here, unless it comes from another store. */
async function readSystem(path: string, { from }: UpdatePlan): Promise<StorePath> {
  const system = storePath(await Deno.realPath(path).catch(() => path), "--store-path");
  if (from !== undefined || await Deno.lstat(system).catch(() => undefined)) return system;
  throw new UsageError(`--store-path: ${system} is not here`, {
    hint: "build it first, or name the store that has it with --from",
  });
}

/** What a build and a copy are made of. */
interface UpdateJob {
  readonly plan: UpdatePlan;
  readonly nix: NixOptions;
  readonly target: Session;
  readonly facts: Facts;
  readonly stack: AsyncDisposableStack;
}

function copying({ plan, nix }: UpdateJob) {
  return {
    ...{ settings: nix.settings, storeSettings: plan.sshStoreSettings },
    ...{ substitute: plan.substituteOnDestination, stall: plan.timeouts.copy },
  };
}

/** Builds the system here or on the target, as an install does. */
async function build(job: UpdateJob, flake: FlakeRef): Promise<StorePath> {
  const { plan, nix, target, facts, stack } = job;
  const asked = nixConfig(nix);
  asked.catch(() => {}); // awaited below
  const { derivations, buildSystem, system } = await evaluate(flake, ["toplevel"], nix);
  const wrong = wrongSystem(system, facts, target.label);
  if (wrong) throw wrong;
  const { on, why } = plan.buildOn === "auto"
    ? await chooseBuildLocation(buildSystem, nix, asked)
    : { on: plan.buildOn, why: "as --build-on says" };
  const text = `${on === "local" ? "building here" : "building on the target"}: ${why}`;
  target.report({ type: "log", level: "info", text });
  target.report(makeUpdatePlanEvent(plan, undefined, { facts, build: { on, why } }));
  const trusted = await flakeSettings(flake, await asked, nix);
  const [derivation] = derivations;
  if (derivation === undefined) throw new TypeError("one derivation was asked for");
  if (on === "local") {
    const roots = await rootsFolder(stack);
    const settings = [...nix.settings ?? [], ...trusted];
    const [path] = await buildHere([derivation], { ...nix, settings, roots });
    return path as StorePath;
  }
  const become = becomeRoot(facts);
  Stages.of(target.report).reach("copying");
  // Derivations are in this machine's store, and in no cache.
  const { signal } = nix;
  await copyClosure(target, derivation, { ...copying(job), become, signal, substitute: false });
  const settings = [...nix.settings ?? [], ...cacheSettings(trusted)];
  return await buildThere(target, derivation as StorePath, { ...nix, settings, become });
}
