/**
 * Evaluating a NixOS configuration: everything an install needs of it, in one go.
 *
 * @module
 */
import { AnswerError } from "../errors.ts";
import { type FlakeRef, installable, showFlake } from "../plan/flake.ts";
import { nixCommand, type NixOptions, runNix } from "./command.ts";
import { settingWords } from "./setting_words.ts";

/** What a configuration says of itself. */
export interface Evaluation {
  /** The system it is built for and on, as nix names it: `x86_64-linux`. */
  readonly system: string;
  /** The derivations of the asked attributes of `system.build`, in their order. */
  readonly derivations: readonly string[];
  /** The devices that the configuration's disko.devices.disk names. */
  readonly disks: readonly string[];
  /** `nix.settings.substituters` of the configuration. */
  readonly substituters: readonly string[];
  /** `nix.settings.trusted-public-keys` of the configuration. */
  readonly publicKeys: readonly string[];
}

/**
 * Evaluates a configuration once and returns the derivations of some attributes of its `system.build`
 * (`toplevel`, `diskoScript`, …) and what else an install needs to know. Builds nothing.
 *
 * Throws a {@linkcode UsageError} if the flake has no such configuration, a {@linkcode CommandError} with
 * nix's message if the evaluation fails.
 */
export async function evaluate(
  flake: FlakeRef,
  attributes: readonly string[],
  options: NixOptions = {},
): Promise<Evaluation> {
  const list = attributes.map((name) => `b.${name}.drvPath`).join(" ");
  const code = `c: let
    b = c.system.build;
    setting = name: let
      value = c.nix.settings.\${name} or [ ];
      tried = builtins.tryEval (builtins.deepSeq value value);
    in if tried.success then tried.value else null;
  in {
    system = (b.${attributes.at(-1)}).system;
    derivations = map builtins.unsafeDiscardStringContext [ ${list} ];
    substituters = setting "substituters";
    disks = map (d: d.device or "") (builtins.attrValues (c.disko.devices.disk or { }));
    publicKeys = setting "trusted-public-keys";
  }`;
  const target = installable(flake);
  const command = nixCommand(
    "eval",
    ["--json", "--no-write-lock-file", target, "--apply", code],
    options,
  );
  const { stdout } = await runNix(command, options);
  const warn = (text: string) => options.report?.({ type: "log", level: "warning", text });
  return parseEvaluation(stdout, attributes.length, showFlake(flake), warn);
}

/**
 * Reads the answer of the evaluation. Throws an {@linkcode AnswerError} if it is not of its shape; settings of nix that
 * cannot be used are left out, and `warn` is told.
 */
export function parseEvaluation(
  json: string,
  count: number,
  name: string,
  warn: (text: string) => void = () => {},
): Evaluation {
  const refuse = () =>
    new AnswerError(`${name}: nix's answer about the configuration makes no sense`, {
      hint: "run the command with --debug and try its nix eval by hand",
    });
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw refuse();
  }
  const { system, derivations, substituters, publicKeys, disks } = (value ?? {}) as Record<
    string,
    unknown
  >;
  const fits = typeof system === "string" && /^[A-Za-z0-9_]+-[A-Za-z0-9_]+$/.test(system) &&
    Array.isArray(derivations) && derivations.length === count &&
    derivations.every((path) =>
      typeof path === "string" && /^\/nix\/store\/[0-9a-z]{32}-[\w+.?=-]+\.drv$/.test(path)
    );
  if (!fits || !areDevices(disks)) throw refuse();
  return {
    system,
    derivations: derivations as string[],
    substituters: settingWords("substituters", substituters, warn),
    publicKeys: settingWords("trusted-public-keys", publicKeys, warn),
    disks: disks.filter((disk) => disk !== ""),
  };
}

/** Devices are paths; a disk without one is told by an empty text. */
function areDevices(value: unknown): value is string[] {
  return Array.isArray(value) &&
    value.every((device) => typeof device === "string" && /^(\/[^\p{Cc}]*)?$/u.test(device));
}
