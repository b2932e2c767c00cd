/**
 * Evaluating a NixOS configuration: everything an install needs of it, in one go.
 *
 * @module
 */
import { AnswerError } from "../errors.ts";
import { type FlakeRef, installable, showFlake } from "../plan/flake.ts";
import { type DiskLayout, LAYOUT, parseLayout } from "./disks.ts";
import { nixCommand, type NixOptions, runNix } from "./command.ts";

/** What a configuration says of itself. */
export interface Evaluation {
  /** The system it is built for and on, as nix names it: `x86_64-linux`. */
  readonly system: string;
  /** The derivations of the asked attributes of `system.build`, in their order. */
  readonly derivations: readonly string[];
  /** The disks that the configuration's disko.devices names, and what disko asks a passphrase for. */
  readonly layout: DiskLayout;
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
  const code = `c: let b = c.system.build; in {
    system = (b.${attributes.at(-1)}).system;
    derivations = map builtins.unsafeDiscardStringContext [ ${list} ];
    substituters = c.nix.settings.substituters or [ ];
    layout = ${LAYOUT} c;
    publicKeys = c.nix.settings.trusted-public-keys or [ ];
  }`;
  const target = installable(flake);
  const command = nixCommand(
    "eval",
    ["--json", "--no-write-lock-file", target, "--apply", code],
    options,
  );
  const { stdout } = await runNix(command, options);
  return parseEvaluation(stdout, attributes.length, showFlake(flake));
}

/** Reads the answer of the evaluation. Throws an {@linkcode AnswerError} if it is not of its shape. */
export function parseEvaluation(json: string, count: number, name: string): Evaluation {
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
  const { system, derivations, substituters, publicKeys, layout: given } = (value ?? {}) as Record<
    string,
    unknown
  >;
  const fits = typeof system === "string" && /^[A-Za-z0-9_]+-[A-Za-z0-9_]+$/.test(system) &&
    Array.isArray(derivations) && derivations.length === count &&
    derivations.every((path) =>
      typeof path === "string" && /^\/nix\/store\/[0-9a-z]{32}-[\w+.?=-]+\.drv$/.test(path)
    );
  const layout = parseLayout(given);
  if (!fits || !layout || !areWords(substituters) || !areWords(publicKeys)) {
    throw refuse();
  }
  return {
    system,
    derivations: derivations as string[],
    substituters,
    publicKeys,
    layout,
  };
}

/** Addresses and keys hold no white space: they become words of a nix.conf. */
function areWords(value: unknown): value is string[] {
  return Array.isArray(value) &&
    value.every((word) => typeof word === "string" && /^[^\s\p{Cc}]+$/u.test(word));
}
