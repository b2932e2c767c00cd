/**
 * Removing a kexec image from a target.
 *
 * @module
 */
import { Stages } from "../../report/stages.ts";
import type { RemoteOptions, Session } from "../../ssh/session.ts";
import { removeThere } from "./remove_folders.ts";
import type { RemoteKexec } from "./upload.ts";

/**
 * Removes an image that will not be booted from the target again.
 *
 * @example
 * ```ts ignore
 * import { connect, discardKexec, uploadKexec } from "@nixos-anywhere/deno";
 * await using target = await connect("root@203.0.113.7");
 * const image = await uploadKexec(target);
 * if (!confirm(`boot ${target.label} into the installer?`)) await discardKexec(target, image);
 * ```
 */
export async function discardKexec(
  target: Session,
  { folder, facts }: RemoteKexec,
  { timeout = 5000 }: Pick<RemoteOptions, "timeout"> = {},
): Promise<void> {
  await removeThere(target, [folder], facts, { timeout });
  const stages = Stages.of(target.report);
  // A boot that was announced may come all the same.
  if (stages.state === "image") stages.reach("untouched");
}
