/**
 * Where a system can be built.
 *
 * @module
 */
import { CommandError } from "../errors.ts";
import { nixCommand, type NixOptions, runNix } from "./command.ts";

/** Where to build, and why. */
export interface Place {
  /** `local` here, `remote` on the target. */
  readonly on: "local" | "remote";
  /** One clause. */
  readonly why: string;
}

/**
 * Decides where a system, such as `aarch64-linux`, is built: here when this machine is one, emulates one
 * (extra-platforms), has a remote builder for it, or succeeds in building a trial derivation; else on the
 * target.
 */
export async function choosePlace(system: string, options: NixOptions = {}): Promise<Place> {
  const { stdout } = await runNix(nixCommand("show-config", ["--json"], options), options);
  const config = readConfig(stdout);
  if (config.system === system) return { on: "local", why: `this machine is ${system}` };
  if (config.extraPlatforms.includes(system)) {
    return { on: "local", why: `this machine also builds ${system} (extra-platforms)` };
  }
  const trial =
    `derivation { system = "${system}"; name = "nixos-anywhere-trial-${crypto.randomUUID()}"; ` +
    `builder = "/bin/sh"; args = [ "-c" "echo > $out" ]; }`;
  try {
    // A builder that does not answer is no builder: a minute has to do.
    const args = ["--impure", "--no-link", "--expr", trial];
    await runNix(nixCommand("build", args, options), { ...options, deadline: 60_000 });
    return {
      on: "local",
      why: `a trial build for ${system} succeeded${
        config.builders ? ", with your remote builders" : ""
      }`,
    };
  } catch (error) {
    options.signal?.throwIfAborted();
    const reason = error instanceof CommandError
      ? "a trial build failed"
      : "a trial build did not end";
    return {
      on: "remote",
      why: `this machine is ${config.system} and cannot build ${system}: ${reason}`,
    };
  }
}

/** Reads `nix show-config --json`. */
export function readConfig(
  json: string,
): { system: string; extraPlatforms: string[]; builders: boolean } {
  let config: Record<string, { value?: unknown } | undefined> = {};
  try {
    config = Object(JSON.parse(json));
  } catch {
    // An answer that cannot be read decides nothing: the trial build does.
  }
  const system = config["system"]?.value;
  const platforms = config["extra-platforms"]?.value;
  const builders = config["builders"]?.value;
  return {
    system: typeof system === "string" ? system : "unknown",
    extraPlatforms: Array.isArray(platforms)
      ? platforms.filter((one) => typeof one === "string")
      : [],
    builders: typeof builders === "string" && builders.trim() !== "" &&
      builders.trim() !== "@/etc/nix/machines",
  };
}
