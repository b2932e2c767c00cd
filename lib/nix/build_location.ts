/**
 * Where a system can be built.
 *
 * @module
 */
import { CommandError } from "../errors.ts";
import { nixCommand, type NixOptions, runNix } from "./command.ts";
import { nixConfig } from "./settings.ts";

/** Where to build, and why. */
export interface BuildLocation {
  /** `local` here, `remote` on the target. */
  readonly on: "local" | "remote";
  /** One clause. */
  readonly why: string;
}

/**
 * Decides where what is built on a system, such as `aarch64-linux`, is built: here when this machine is one,
 * emulates one (extra-platforms), has a remote builder for it, or succeeds in building a trial derivation; else
 * on the target. `config` is what nix is set to; it is asked where it is not given.
 */
export async function chooseBuildLocation(
  system: string,
  options: NixOptions = {},
  config = nixConfig(options),
): Promise<BuildLocation> {
  const { system: here, extraPlatforms, builders } = await config;
  if (here === system) return { on: "local", why: `this machine is ${system}` };
  if (extraPlatforms.includes(system)) {
    return { on: "local", why: `this machine also builds ${system} (extra-platforms)` };
  }
  const trial =
    `derivation { system = "${system}"; name = "nixos-anywhere-trial-${crypto.randomUUID()}"; ` +
    `builder = "/bin/sh"; args = [ "-c" "echo > $out" ]; }`;
  try {
    // A builder that does not answer is no builder: a minute has to do.
    const args = ["--impure", "--no-link", "--expr", trial];
    const words = nixCommand("build", args, options);
    await runNix(words, { ...options, timeout: 60_000 }, { quiet: true });
    return {
      on: "local",
      why: `a trial build for ${system} succeeded${builders ? ", with your remote builders" : ""}`,
    };
  } catch (error) {
    options.signal?.throwIfAborted();
    const reason = error instanceof CommandError
      ? `a trial build failed${builderError(error)}`
      : "a trial build did not end";
    const who = here === "unknown" ? "this machine" : `this machine is ${here} and`;
    return { on: "remote", why: `${who} cannot build ${system}: ${reason}` };
  }
}

/** What nix says of a remote builder that it could not use. */
function builderError({ cause }: CommandError): string {
  const output = cause instanceof CommandError ? cause.output : "";
  const line = /^cannot build on .*$/m.exec(output)?.[0];
  return line === undefined ? "" : `: ${line}`;
}
