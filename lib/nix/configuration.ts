/**
 * A NixOS configuration on this machine, evaluated or built: what one install needs of it, or many.
 *
 * @module
 */
import { type FlakeRef, parseFlakeRef } from "../plan/flake.ts";
import type { Setting } from "../plan/options.ts";
import type { StorePath } from "../plan/store_path.ts";
import { TIMEOUTS } from "../plan/timeouts.ts";
import { type Reporter, stamping } from "../report/events.ts";
import { checkConfiguration } from "./check_configuration.ts";
import type { NixOptions } from "./command.ts";
import { evaluate, type Evaluation } from "./evaluate.ts";
import { buildHere } from "./realise.ts";
import { flakeSettings, nixConfig } from "./settings.ts";

/** How a configuration is evaluated and built; everything has a default. */
export interface ConfigurationOptions {
  /** Which disko script is meant. Default: "disko" */
  readonly diskoMode?: "disko" | "mount" | "format" | undefined;
  /** Whether the disko script brings what it depends on. Default: true */
  readonly diskoDeps?: boolean | undefined;
  /** Nix options for every nix command. Default: [] */
  readonly nixOptions?: readonly Setting[] | undefined;
  /** Whether the settings in the flake, such as caches, are trusted. Default: what nix's own settings say */
  readonly acceptFlakeConfig?: boolean | undefined;
  /** Whether whole build logs are reported. Default: false */
  readonly printBuildLogs?: boolean | undefined;
  /** Whether nix tells where in the code an evaluation failed. Default: false */
  readonly showTrace?: boolean | undefined;
  /** How long each nix command may take, in milliseconds. Default: {@linkcode TIMEOUTS}.build */
  readonly timeout?: number | undefined;
  /** Ends it when aborted. */
  readonly signal?: AbortSignal | undefined;
  /** Hears of what happens. Default: nobody */
  readonly report?: Reporter | undefined;
}

/** A configuration that was built here. Until its disposal nothing collects it as garbage. */
export interface BuiltConfiguration extends AsyncDisposable {
  /** The disko script. */
  readonly disko: StorePath;
  /** The NixOS system. */
  readonly system: StorePath;
  /** What the configuration says of itself. */
  readonly evaluation: Evaluation;
}

/**
 * Evaluates a configuration once: its system, its disks, and the derivations of its disko script and its system, in this
 * order. Builds nothing.
 *
 * Throws a {@linkcode UsageError} if the reference names no configuration, an {@linkcode InstallError} if the
 * configuration has no disko script, and a {@linkcode CommandError} with nix's message if the evaluation fails.
 *
 * @example
 * ```ts ignore
 * import { evaluateConfiguration } from "@nixos-anywhere/deno";
 * const { system, layout } = await evaluateConfiguration(".#web");
 * console.log(system, layout.disks.map(({ device }) => device));
 * ```
 */
export async function evaluateConfiguration(
  flake: string | FlakeRef,
  options: ConfigurationOptions = {},
): Promise<Evaluation> {
  const reference = typeof flake === "string" ? parseFlakeRef(flake) : flake;
  const { diskoMode = "disko", diskoDeps = true } = options;
  const nix = nixOptions(options);
  await checkConfiguration(reference, nix);
  const script = `${diskoMode}Script${diskoDeps ? "" : "NoDeps"}`;
  return await evaluate(reference, [script, "toplevel"], nix);
}

/**
 * Builds a configuration's disko script and its system on this machine or its remote builders. What it returns is good
 * as `storePaths` of any number of installs.
 *
 * Throws what {@linkcode evaluateConfiguration} does, and a {@linkcode CommandError} with nix's message if the build
 * fails.
 *
 * @example Eight machines of one build
 * ```ts ignore
 * import { buildConfiguration, nixosAnywhere } from "@nixos-anywhere/deno";
 * await using storePaths = await buildConfiguration(".#node");
 * await Promise.all(hosts.map((host) => nixosAnywhere({ storePaths, host })));
 * ```
 */
export async function buildConfiguration(
  flake: string | FlakeRef,
  options: ConfigurationOptions = {},
): Promise<BuiltConfiguration> {
  const reference = typeof flake === "string" ? parseFlakeRef(flake) : flake;
  const evaluation = await evaluateConfiguration(reference, options);
  const nix = nixOptions(options);
  const trusted = await flakeSettings(reference, await nixConfig(nix), nix);
  const roots = await Deno.makeTempDir({ prefix: "nixos-anywhere-" });
  const remove = () => Deno.remove(roots, { recursive: true }).catch(() => {});
  try {
    const settings = [...nix.settings ?? [], ...trusted];
    const [disko, system] = await buildHere(evaluation.derivations, { ...nix, settings, roots });
    if (disko === undefined || system === undefined) {
      throw new TypeError("two paths were asked for");
    }
    return { disko, system, evaluation, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

function nixOptions(options: ConfigurationOptions): NixOptions {
  const { nixOptions, timeout = TIMEOUTS.build, report, ...same } = options;
  return {
    ...same,
    settings: nixOptions,
    timeout,
    report: stamping(report),
    said: new Set(),
  };
}
