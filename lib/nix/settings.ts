/**
 * What nix is set to on this machine, and the settings that a flake brings.
 *
 * @module
 */
import { CommandError, DeadlineError } from "../errors.ts";
import type { FlakeRef } from "../plan/flake.ts";
import { stamping } from "../report/events.ts";
import type { Setting } from "../plan/options.ts";
import { nixCommand, type NixOptions, runNix } from "./command.ts";
import { mayRead } from "./folder.ts";

/** What matters here of nix's settings. */
export interface NixConfig {
  /** What this machine builds, as nix names it; `unknown` where nix does not say. */
  readonly system: string;
  /** What it builds besides. */
  readonly extraPlatforms: readonly string[];
  /** Whether there are remote builders. */
  readonly builders: boolean;
  /** Whether the settings of every flake are trusted. */
  readonly acceptFlakeConfig: boolean;
}

/** Asks nix for its settings. One that does not tell them is no reason to stop: nothing is known then. */
export async function nixConfig(options: NixOptions): Promise<NixConfig> {
  // The older name is tried second: it is deprecated, and a nix without the newer one says so in no time.
  for (const subcommand of ["config show", "show-config"]) {
    try {
      const words = nixCommand(subcommand, ["--json"], options);
      const { stdout } = await runNix(words, { ...options, timeout: 60_000 }, { quiet: true });
      return readConfig(stdout);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof CommandError || error instanceof DeadlineError)) throw error;
    }
  }
  const text = "nix does not tell its settings: where to build is tried out";
  stamping(options.report)({ type: "log", level: "debug", text });
  return readConfig("");
}

/** Reads `nix config show --json`. */
export function readConfig(json: string): NixConfig {
  let config: Record<string, { value?: unknown } | undefined> = {};
  try {
    config = Object(JSON.parse(json));
  } catch {
    // An answer that cannot be read decides nothing.
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
    acceptFlakeConfig: config["accept-flake-config"]?.value === true,
  };
}

/** The settings by which nix finds and believes caches: what a build elsewhere needs of a flake's settings. */
export function cacheSettings(settings: readonly Setting[]): Setting[] {
  return settings.filter(({ name }) => /^(extra-)?(substituters|trusted-public-keys)$/.test(name));
}

/**
 * The settings of a flake (its `nixConfig`) that are trusted: all of them where nix or the user accepts every
 * flake's, else those that the user once allowed for good. The build is made from derivations, not from the
 * flake: nix would not use them by itself.
 */
export async function flakeSettings(
  flake: FlakeRef,
  config: NixConfig,
  options: NixOptions,
): Promise<readonly Setting[]> {
  const { settings = [] } = options;
  const accepted = options.acceptFlakeConfig || config.acceptFlakeConfig ||
    settings.some(({ name, value }) => name === "accept-flake-config" && value === "true");
  const trusted = accepted ? undefined : await trustedSettings();
  if (trusted !== undefined && Object.keys(trusted).length === 0) return [];
  try {
    const args = ["--json", "--no-write-lock-file", flake.url];
    const metadata = nixCommand("flake metadata", args, options);
    const file = flakeFile((await runNix(metadata, options, { quiet: true })).stdout);
    if (file === undefined) return [];
    const read = ["--json", "--file", file, "--apply", "f: f.nixConfig or { }"];
    const { stdout } = await runNix(nixCommand("eval", read, options), options, { quiet: true });
    return readFlakeSettings(stdout).filter(({ name, value }) =>
      trusted === undefined || trusted[name]?.[value] === true
    );
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!(error instanceof CommandError)) throw error;
    const text = `the flake's own settings are not used: ${error.message.split("\n")[0]}`;
    stamping(options.report)({ type: "log", level: "warning", text });
    return [];
  }
}

/** Where flake.nix is in the store, by `nix flake metadata --json`. */
export function flakeFile(json: string): string | undefined {
  try {
    const { path, locked, resolved } = Object(JSON.parse(json));
    const dir: unknown = locked?.dir ?? resolved?.dir ?? "";
    if (typeof path !== "string" || !/^\/nix\/store\/[\w+.?=-]+$/.test(path)) return undefined;
    if (typeof dir !== "string" || dir.split("/").includes("..")) return undefined;
    return `${path}/${dir === "" ? "" : `${dir}/`}flake.nix`;
  } catch {
    return undefined;
  }
}

/** Reads a flake's `nixConfig` as nix writes settings: lists with spaces, truth as a word. */
export function readFlakeSettings(json: string): Setting[] {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return [];
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([name, one]) => {
    const text = Array.isArray(one) ? one.map(String).join(" ") : String(one);
    const known = ["string", "number", "boolean"].includes(typeof one) || Array.isArray(one);
    // What a shell's prompt looks like is not for us.
    if (!known || !/^[a-z][a-z0-9-]*$/.test(name) || name.startsWith("bash-prompt")) return [];
    return [{ name, value: text }];
  });
}

/** What the user has allowed for good when nix asked: truth by value by name of a setting. */
async function trustedSettings(): Promise<Record<string, Record<string, unknown> | undefined>> {
  const variable = async (name: string) => {
    const { state } = await Deno.permissions.query({ name: "env", variable: name });
    return state === "granted" ? Deno.env.get(name) || undefined : undefined;
  };
  const home = await variable("HOME");
  const data = await variable("XDG_DATA_HOME") ?? (home && `${home}/.local/share`);
  const file = `${data}/nix/trusted-settings.json`;
  if (data === undefined || !await mayRead(file)) return {};
  try {
    return Object(JSON.parse(await Deno.readTextFile(file)));
  } catch {
    return {};
  }
}
