/**
 * What an install would have to build and to copy, as far as it can be known without doing it.
 *
 * @module
 */
import { buildWork, closureSize, type Work } from "../nix/work.ts";
import { neededParts } from "../plan/phases.ts";
import type { Job } from "./job.ts";
import type { Evaluated } from "./made.ts";

/** What would have to be done: nothing of it where it depends on the installer. */
export async function workOf(
  { plan, nix, inputs, report }: Pick<Job, "plan" | "nix" | "inputs" | "report">,
  evaluated: Evaluated | undefined,
  kexec: boolean,
): Promise<Work> {
  const { image } = plan.kexec;
  const imageBytes = kexec && image?.kind === "file"
    ? (await Deno.stat(image.location)).size
    : undefined;
  const extraFilesBytes = plan.phases.includes("install")
    ? inputs.extraFiles?.entries.reduce((sum, { size }) => sum + size, 0)
    : undefined;
  return {
    ...await nixWork(evaluated),
    ...(imageBytes !== undefined && { imageBytes }),
    ...(extraFilesBytes !== undefined && { extraFilesBytes }),
  };

  async function nixWork(evaluated: Evaluated | undefined): Promise<Work> {
    if (!evaluated || evaluated.kind === "none") return {};
    if (evaluated.kind === "paths") {
      // Paths of another store are not here.
      const paths = neededParts(plan).map((part) => evaluated[part]);
      const closure = plan.copy.from === undefined ? await closureSize(paths, nix) : undefined;
      return closure ? { closure } : {};
    }
    const { evaluation: { derivations }, location, settings } = evaluated;
    if (location.on === "remote") return {};
    const options = { ...nix, settings: [...nix.settings ?? [], ...settings] };
    const text = "asking nix what would have to be built and fetched";
    report({ type: "log", level: "info", text });
    const work = await buildWork(derivations, options);
    const closure = work.builds === 0 && work.fetches === 0
      ? await closureSize(derivations, options)
      : undefined;
    return { ...work, ...(closure && { closure }) };
  }
}
