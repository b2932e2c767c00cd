/**
 * Writing the target's hardware configuration into a local file.
 *
 * @module
 */
import { basename, dirname, join, resolve } from "../std_path.ts";
import { AnswerError, InstallError, UsageError } from "../errors.ts";
import type { HardwareConfig } from "../plan/options.ts";
import { run } from "../process.ts";
import { TIMEOUTS } from "../plan/timeouts.ts";
import { Stages } from "../report/stages.ts";
import type { Session } from "../ssh/session.ts";

/** How the hardware is looked at; everything has a default. */
export interface HardwareOptions {
  /** How long it may take, in milliseconds. Default: {@linkcode TIMEOUTS}.hardware */
  readonly timeout?: number | undefined;
  /** Ends the wait, and what runs here, when aborted. */
  readonly signal?: AbortSignal | undefined;
}

const SCRIPTS = {
  // Older installers lack it; nix can fetch it then.
  "nixos-facter": `
if command -v nixos-facter >/dev/null 2>&1; then exec nixos-facter; fi
exec nix --extra-experimental-features 'nix-command flakes' shell nixpkgs#nixos-facter -c nixos-facter
`,
  "nixos-generate-config": "exec nixos-generate-config --show-hardware-config --no-filesystems",
} as const;

/**
 * Runs `nixos-facter` or `nixos-generate-config` on an installer and writes what it finds to a file here,
 * which is replaced only by a complete new one. In a git work tree the file is made known to git
 * (`git add --intent-to-add`), so that a flake sees it. Changes nothing on the target.
 *
 * Throws a {@linkcode CommandError} if the program fails there and an {@linkcode AnswerError} if its answer
 * is not whole.
 *
 * @example
 * ```ts ignore
 * import { generateHardwareConfig } from "@nixos-anywhere/deno";
 * await generateHardwareConfig(installer, { backend: "nixos-facter", path: "./facter.json" });
 * ```
 */
export async function generateHardwareConfig(
  installer: Session,
  { backend, path }: HardwareConfig,
  options: HardwareOptions = {},
): Promise<void> {
  await Stages.of(installer.report)
    .run("hardware", () => generate(installer, { backend, path }, options), options.signal);
}

async function generate(
  installer: Session,
  { backend, path }: HardwareConfig,
  { timeout = TIMEOUTS.hardware, signal }: HardwareOptions,
): Promise<void> {
  const { stdout } = await installer.script(
    `PATH=$PATH:/run/current-system/sw/bin
${SCRIPTS[backend]}`,
    {
      name: backend,
      timeout,
      hint: `see whether the installer has ${backend}; the published images do`,
      onLine: (line, stream) => {
        if (stream === "stderr") installer.report({ type: "output", source: backend, line });
      },
      signal,
    },
  );
  if (!isWhole(backend, stdout)) {
    throw new AnswerError(`${installer.label}: ${backend} gave no whole hardware configuration`, {
      hint: `run ${backend} on the installer by hand; ${path} is as it was`,
    });
  }
  await tellGit(await replace(resolve(path), stdout));
}

function isWhole(backend: HardwareConfig["backend"], text: string): boolean {
  if (backend === "nixos-generate-config") return /^[^]*\{[^]*\}\s*$/.test(text);
  try {
    const report = JSON.parse(text);
    return typeof report === "object" && report !== null && !Array.isArray(report);
  } catch {
    return false;
  }
}

/** Replaces a file, or the one that a link leads to, and returns its path. Whoever runs this may replace devices. */
async function replace(given: string, text: string): Promise<string> {
  const path = await Deno.realPath(given).catch(() => given);
  const folder = dirname(path);
  try {
    await Deno.mkdir(folder, { recursive: true });
    const info = await Deno.stat(path).catch(() => undefined);
    if (info && !info.isFile) throw new Error("it is no file");
    const aside = join(folder, `.${basename(path)}.${crypto.randomUUID()}`);
    await Deno.writeTextFile(aside, text);
    await Deno.rename(aside, path).catch(async (error) => {
      await Deno.remove(aside);
      throw error;
    });
    return path;
  } catch (cause) {
    throw new InstallError(`cannot write the hardware configuration to ${JSON.stringify(path)}`, {
      hint: "see whether the folder can be written to and has room",
      cause,
    });
  }
}

/** A flake in a git work tree holds only what git knows of. */
async function tellGit(path: string): Promise<void> {
  const git = ["git", "-C", dirname(path)];
  try {
    const inside = await run([...git, "rev-parse", "--is-inside-work-tree"], {
      allowFailure: true,
      timeout: 30_000,
    });
    if (inside.stdout.trim() !== "true") return;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return; // no git on this machine, so no flake of its kind either
  }
  await run([...git, "add", "--intent-to-add", "--force", "--", path], { timeout: 30_000 });
}
