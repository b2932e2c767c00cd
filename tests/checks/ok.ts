/**
 * Everything that can be said of the sources without running them: format, lint, types, docs, and
 * whether they could be published.
 *
 * @module
 */

import { Children, type Outcome } from "./children.ts";
import { type Count, countCheck, sum } from "./count.ts";

const CHECKS: readonly [title: string, args: readonly string[]][] = [
  ["format", ["fmt", "--check"]],
  ["lint", ["lint"]],
  ["types", ["check", "--quiet", "--doc"]],
  ["docs", ["doc", "--lint", "mod.ts", "lib/flow/types.ts", "cli.ts"]],
  ["publish", ["publish", "--dry-run", "--allow-dirty"]],
];

/** Runs every check; each counts as one. */
export async function runChecks(children: Children): Promise<Count> {
  const registry = await registryOutside();
  const counts: Count[] = [];
  for (const [title, args] of CHECKS) {
    const { ok, output, seconds }: Outcome = await children.run(args, { env: registry.env });
    console.log(`${ok ? "ok" : "FAILED"} ${title} (${seconds.toFixed(1)} s)`);
    if (!ok) console.log(output.trim());
    counts.push(countCheck(ok));
  }
  await registry.remove();
  return sum(counts);
}

/**
 * The same registry by another way: publishing refuses modules that are inside of the package but
 * not part of it, and the stand-ins are. Through a link they are elsewhere.
 */
async function registryOutside(): Promise<{
  env: Record<string, string>;
  remove(): Promise<void>;
}> {
  const url = Deno.env.get("JSR_URL") ?? "";
  if (!url.startsWith("file:")) return { env: {}, remove: () => Promise.resolve() };
  const folder = await Deno.makeTempDir();
  await Deno.symlink(new URL(url), `${folder}/registry`);
  return {
    env: { JSR_URL: new URL(`file://${folder}/registry/`).href },
    remove: () => Deno.remove(folder, { recursive: true }),
  };
}

if (import.meta.main) {
  using children = new Children(10 * 60_000);
  const { failed } = await runChecks(children);
  Deno.exit(failed ? 1 : 0);
}
