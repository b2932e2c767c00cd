import type { Children } from "./children.ts";

/** The share of lines of lib that the tests must reach. */
export const LEAST_PERCENT = 85;

/** One file's lines with code in them. */
export interface FileLines {
  readonly path: string;
  readonly reached: number;
  readonly all: number;
}

/** The lines of each file of a report in the lcov format. */
export function parseLcov(report: string): FileLines[] {
  return report.split("end_of_record").flatMap((record) => {
    const field = (name: string) => new RegExp(`^${name}:(.*)$`, "m").exec(record)?.[1];
    const path = field("SF");
    return path ? [{ path, reached: Number(field("LH")), all: Number(field("LF")) }] : [];
  });
}

/** Files with a share of their lines each, and the total below. */
export function table(files: readonly FileLines[], root: string): string {
  const total = files.reduce(
    (sum, { reached, all }) => ({ ...sum, reached: sum.reached + reached, all: sum.all + all }),
    { path: `${root}total`, reached: 0, all: 0 },
  );
  const named = [...files].sort((a, b) => a.path < b.path ? -1 : 1).concat(total)
    .map((file) => ({ ...file, name: file.path.replace(root, "") }));
  const width = Math.max(...named.map(({ name }) => name.length));
  return named.map((file) => {
    const numbers = `${file.reached}/${file.all}`.padStart(11);
    return `${file.name.padEnd(width)} ${percent(file).toFixed(1).padStart(6)} % ${numbers}`;
  }).join("\n");
}

/** The share of lines reached. */
export function percent({ reached, all }: Omit<FileLines, "path">): number {
  return all === 0 ? 100 : 100 * reached / all;
}

/**
 * Removes what was not written to its end: a process that a test kills leaves such a profile, and one of them is enough
 * for `deno coverage` to read none.
 */
export async function removeBroken(profile: string): Promise<void> {
  for await (const { name } of Deno.readDir(profile)) {
    const path = `${profile}/${name}`;
    const whole = await Deno.readTextFile(path).then(JSON.parse).then(() => true, () => false);
    if (!whole) await Deno.remove(path);
  }
}

/** Prints how much of lib the tests reached; whether that is enough. */
export async function coverLib(children: Children, profile: string, root: URL): Promise<boolean> {
  const include = `--include=^${
    new URL("lib/", root).href.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")
  }`;
  await removeBroken(profile);
  const report = `${profile}/lcov.info`;
  const args = ["coverage", "--quiet", "--lcov", `--output=${report}`, include, profile];
  const { ok, output } = await children.run(args);
  const files = ok ? parseLcov(await Deno.readTextFile(report)) : [];
  if (files.length === 0) {
    console.log(`FAILED coverage: nothing of lib was run\n${output}`);
    return false;
  }
  console.log(table(files, decodeURIComponent(root.pathname)));
  const reached = files.reduce((sum, file) => sum + file.reached, 0);
  const share = percent({ reached, all: files.reduce((sum, file) => sum + file.all, 0) });
  const enough = share >= LEAST_PERCENT;
  console.log(`${enough ? "ok" : "FAILED"} coverage (at least ${LEAST_PERCENT} % of lines)`);
  return enough;
}
