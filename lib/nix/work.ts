/**
 * What nix would have to do, asked of nix itself without doing it. What it does not tell is not known, and no failure.
 *
 * @module
 */
import { InstallError } from "../errors.ts";
import { isPermitted } from "../permission.ts";
import { isStorePath, type StorePath } from "../plan/store_path.ts";
import type { PlanEvent } from "../report/plan_event.ts";
import { run } from "../process.ts";
import { type NixOptions, settingArgs } from "./command.ts";

/** What would be built, fetched and copied. */
export type Work = NonNullable<PlanEvent["work"]>;

/** Caches that do not answer are tried several times by nix. */
const PATIENCE = 60_000;
/** Words of one command line. */
const AT_ONCE = 1000;

/** What has to be done here until derivations are built; nothing is where nix does not say. */
export async function buildWork(
  derivations: readonly string[],
  options: NixOptions,
): Promise<Work> {
  const args = ["--realise", "--dry-run", ...settingArgs(options), ...derivations];
  const said = await ask(args, options, "stderr");
  return said === undefined ? {} : readDryRun(said);
}

/** How much belongs to store paths or to the outputs of derivations; `undefined` where not all of it is here. */
export async function closureSize(
  paths: readonly string[],
  options: NixOptions,
): Promise<Work["closure"]> {
  const [built, drvs] = [paths.filter((one) => !isDrv(one)), paths.filter(isDrv)];
  const query = (...args: readonly string[]) => ask(["--query", ...args], options, "stdout");
  const outputs = drvs.length === 0 ? [] : await query("--outputs", ...drvs);
  if (outputs === undefined) return undefined;
  const all = await query("--requisites", ...built, ...storePaths(outputs));
  if (all === undefined) return undefined;
  const closure = [...new Set(storePaths(all))];
  if (closure.length === 0) return undefined;
  let bytes = 0;
  for (let at = 0; at < closure.length; at += AT_ONCE) {
    const some = closure.slice(at, at + AT_ONCE);
    const sizes = await query("--size", ...some) ?? [];
    if (sizes.length !== some.length || !sizes.every((one) => /^\d{1,15}$/.test(one))) {
      return undefined;
    }
    for (const size of sizes) bytes += Number(size);
  }
  return { paths: closure.length, bytes };
}

const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/**
 * Reads what `nix-store --realise --dry-run` says: headings, `these 2 derivations will be built:` and `this path will be
 * fetched (0.05 MiB download, 0.20 MiB unpacked):`, with a path a line below.
 */
export function readDryRun(said: readonly string[]): Work {
  const counts = { builds: 0, fetches: 0 };
  const sizes: { downloadBytes?: number; unpackedBytes?: number } = {};
  let below: keyof typeof counts | undefined;
  let unknown = false;
  for (const line of said) {
    if (/^don't know how to build/.test(line)) unknown = true;
    const heading = /^(?:this|these)\b.* will be (built|fetched)\b(.*):$/.exec(line);
    if (heading) {
      below = heading[1] === "built" ? "builds" : "fetches";
      const amounts = [
        ...(heading[2] ?? "").matchAll(/([\d.]+) ([KMGT]?i?B) (download|unpacked)/g),
      ];
      for (const [, amount, unit = "", what] of amounts) {
        const bytes = Math.round(Number(amount) * (UNITS[unit] ?? NaN));
        if (Number.isFinite(bytes)) {
          sizes[what === "download" ? "downloadBytes" : "unpackedBytes"] = bytes;
        }
      }
    } else if (below && /^ {2}\/nix\/store\/\S+$/.test(line)) counts[below]++;
    else below = undefined;
  }
  if (unknown) return {};
  return counts.fetches === 0
    ? { ...counts, downloadBytes: 0, unpackedBytes: 0 }
    : { ...counts, ...sizes };
}

function isDrv(path: string): boolean {
  return path.endsWith(".drv");
}

function storePaths(lines: readonly string[]): StorePath[] {
  return lines.filter(isStorePath);
}

/** The lines that nix-store prints; `undefined` where it fails or takes too long. */
async function ask(
  args: readonly string[],
  options: NixOptions,
  wanted: "stdout" | "stderr",
): Promise<readonly string[] | undefined> {
  const { report, signal } = options;
  // A dry run is not ended for what is only told.
  if (!await isPermitted("nix-store")) return undefined;
  const lines: string[] = [];
  try {
    await run(["nix-store", ...args], {
      // All of them: what a failed command keeps of its error output is only the end.
      onLine: (line, stream) => {
        if (stream === wanted) lines.push(line);
      },
      timeout: PATIENCE,
      report,
      signal,
    });
    return lines;
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof InstallError) return undefined;
    throw error;
  }
}
