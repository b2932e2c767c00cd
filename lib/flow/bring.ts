/**
 * Getting what is to be run or installed into a store of the installer: copied, or built right there.
 *
 * @module
 */
import type { StorePath } from "../plan/store_path.ts";
import { buildThere } from "../steps/build_there.ts";
import { copyClosure, type CopyOptions } from "../copy/transfer/copy_closure.ts";
import type { Job } from "./job.ts";
import type { Made } from "./made.ts";

/** Brings the disko script or the system there, and returns its store path. */
export async function bring(
  what: "disko" | "system",
  { installer, built, image }: Pick<Made, "installer" | "built" | "image">,
  { plan, nix }: Job,
  store: Pick<CopyOptions, "root" | "fresh"> = {},
): Promise<StorePath> {
  const path = built.on === "nowhere" ? undefined : built[what];
  if (built.on === "nowhere" || path === undefined) {
    throw new TypeError("only what the phases need was built");
  }
  const { from, substitute } = plan.copy;
  const { storeSettings } = plan.ssh;
  const remote = built.on === "remote";
  await copyClosure(installer, path, {
    ...{ ...nix, ...store, storeSettings, stall: plan.timeouts.copy, link: image?.link },
    // Derivations are in this machine's store, and in no cache.
    from: remote ? undefined : from,
    substitute: substitute && !remote,
  });
  if (built.on === "local") return path;
  const settings = [...nix.settings ?? [], ...built.settings];
  const timeout = plan.timeouts.build;
  return await buildThere(installer, path, { ...nix, settings, root: store.root, timeout });
}
