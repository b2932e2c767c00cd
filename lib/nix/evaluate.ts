/**
 * Evaluating a NixOS configuration: everything an install needs of it, in one go.
 *
 * @module
 */
import { AnswerError, CommandError, InstallError } from "../errors.ts";
import { type FlakeRef, installable, showFlake } from "../plan/flake.ts";
import { stamping } from "../report/events.ts";
import { nixCommand, type NixOptions, runNix, withHint } from "./command.ts";
import { type DiskLayout, LAYOUT, parseLayout } from "./disk_layout.ts";
import { hintOnFile } from "./folder.ts";
import { missingFile } from "./hints.ts";
import { LOADER_FIRMWARE, readFirmware } from "./loader_firmware.ts";
import { settingWords } from "./setting_words.ts";

/** What a configuration says of itself. */
export interface Evaluation {
  /** The system it runs on, as nix names it: `x86_64-linux`. */
  readonly system: string;
  /** The system it is built on: another one where it is cross-compiled. */
  readonly buildSystem: string;
  /** The derivations of the asked attributes of `system.build`, in their order. */
  readonly derivations: readonly string[];
  /** The disks that the configuration's disko.devices names, and what disko asks a passphrase for. */
  readonly layout: DiskLayout;
  /** The one firmware that its boot loader can be started by; absent where that is not known, or both can. */
  readonly firmware?: "efi" | "bios";
  /** `nix.settings.substituters` of the configuration. */
  readonly substituters: readonly string[];
  /** `nix.settings.trusted-public-keys` of the configuration. */
  readonly publicKeys: readonly string[];
}

/** What the evaluation asks a configuration `c` for; `attributes` are names of its `system.build`. */
export function evaluationCode(attributes: readonly string[]): string {
  const list = attributes.map((name) => `b.${name}.drvPath`).join(" ");
  const names = attributes.map((name) => `"${name}"`).join(" ");
  const runs = attributes.includes("toplevel")
    ? "(c.boot.kernelPackages.stdenv.hostPlatform.system or null)"
    : "";
  const wipes = attributes.some((name) => name !== "toplevel");
  // What may be missing or refuse to be read must not stop the rest; a disko script needs no system, and a
  // system no disko. The kernel's platform is what nixpkgs itself writes into a system, as what it is for.
  return `c: let
    b = c.system.build or { };
    missing = builtins.filter (name: !(b ? \${name})) [ ${names} ];
    attempt = value: let t = builtins.tryEval (builtins.deepSeq value value); in if t.success then t.value else null;
    p = c.nixpkgs or { };
    nameOf = x: if builtins.isString x then x else x.system or (
      let m = builtins.match "([A-Za-z0-9_]+)-.*" (x.config or ""); in
      if m == null then null else "\${builtins.head m}-linux");
    first = list: if list == [ ] then null else
      let value = attempt (builtins.head list); in if value != null then value else first (builtins.tail list);
  in if missing != [ ] then { inherit missing; } else {
    buildSystem = b.${attributes.at(-1)}.system;
    system = first [
      ${runs}
      (nameOf (p.hostPlatform or { }))
      (if (p.crossSystem or null) == null then null else nameOf p.crossSystem)
      (if (p.crossSystem or null) == null then nameOf (p.localSystem or { }) else null)
      (if (p.crossSystem or null) == null then p.system or null else null)
    ];
    derivations = map builtins.unsafeDiscardStringContext [ ${list} ];
    substituters = attempt (c.nix.settings.substituters or [ ]);
    firmware = ${attributes.includes("toplevel") ? `${LOADER_FIRMWARE} c` : "null"};
    layout = ${wipes ? `${LAYOUT} c` : "{ disks = [ ]; passphrases = [ ]; }"};
    publicKeys = attempt (c.nix.settings.trusted-public-keys or [ ]);
  }`;
}

/**
 * Evaluates a configuration once and returns the derivations of some attributes of its `system.build`
 * (`toplevel`, `diskoScript`, …) and what else an install needs to know. Builds nothing.
 *
 * Throws an {@linkcode InstallError} if the configuration lacks one of the attributes, and a
 * {@linkcode CommandError} with nix's message if the evaluation fails.
 */
export async function evaluate(
  flake: FlakeRef,
  attributes: readonly string[],
  options: NixOptions = {},
): Promise<Evaluation> {
  const args = ["--json", "--no-write-lock-file", installable(flake)];
  const apply = ["--apply", evaluationCode(attributes)];
  const command = nixCommand("eval", [...args, ...apply], options);
  try {
    const { stdout } = await runNix(command, options, { stage: "evaluate" });
    const name = showFlake(flake);
    refuseMissing(stdout, name);
    return parseEvaluation(
      stdout,
      attributes.length,
      name,
      (text) => stamping(options.report)({ type: "log", level: "warning", text }),
    );
  } catch (error) {
    const file = error instanceof CommandError ? missingFile(error.message) : undefined;
    if (file === undefined) throw error;
    throw withHint(error as CommandError, await hintOnFile(flake, file));
  }
}

/** Throws where the answer is a list of attributes that `system.build` has not. */
function refuseMissing(json: string, name: string): void {
  const missing = /^\s*\{"missing":\["(\w+)"/.exec(json)?.[1];
  if (missing === undefined) return;
  const [hint, why] = missing.endsWith("NoDeps")
    ? [
      "leave --no-disko-deps out, or update the flake's disko",
      ": its disko makes no scripts without dependencies",
    ]
    : missing.endsWith("Script")
    ? [
      "the configuration has no disko script: import disko's NixOS module and set disko.devices; " +
      "disks that are mounted below /mnt already need none: --phases kexec,install,reboot",
      "",
    ]
    : ["name a NixOS configuration, or the .config of one", ": it is no NixOS configuration"];
  throw new InstallError(`${name}: attribute 'system.build.${missing}' missing${why}`, { hint });
}

/**
 * Reads the answer of the evaluation; `warn` hears of what could not be used. Throws an
 * {@linkcode AnswerError} if the answer is not of its shape.
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
  const { system, buildSystem, derivations, substituters, publicKeys, layout: given, ...rest } =
    (value ?? {}) as Record<string, unknown>;
  const firmware = readFirmware(rest["firmware"]);
  const fits = isSystem(buildSystem) && (system === null || isSystem(system)) &&
    Array.isArray(derivations) && derivations.length === count &&
    derivations.every((path) =>
      typeof path === "string" && /^\/nix\/store\/[0-9a-z]{32}-[\w+.?=-]+\.drv$/.test(path)
    );
  const layout = parseLayout(given);
  if (!fits || !layout) throw refuse();
  return {
    system: system ?? buildSystem,
    buildSystem,
    derivations: derivations as string[],
    // An optional extra: a cache that is not used makes the install slower, not wrong.
    substituters: settingWords("substituters", substituters, warn),
    publicKeys: settingWords("trusted-public-keys", publicKeys, warn),
    layout,
    ...(firmware && { firmware }),
  };
}

function isSystem(value: unknown): value is string {
  return typeof value === "string" && /^[A-Za-z0-9_]+-[A-Za-z0-9_]+$/.test(value);
}
