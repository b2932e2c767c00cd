/**
 * Removing a kexec image from a target.
 *
 * @module
 */
import { becomeRoot, type Facts } from "../../plan/facts.ts";
import { Stages } from "../../report/stages.ts";
import type { Session } from "../../ssh/session.ts";
import type { RemoteKexec } from "./upload.ts";

/**
 * Removes an image that will not be booted from the target again.
 *
 * @example
 * ```ts ignore
 * import { connect, discardKexec, uploadKexec } from "@nixos-anywhere/deno";
 * await using target = await connect("root@203.0.113.7");
 * const image = await uploadKexec(target);
 * if (!confirm(`boot ${target.host} into the installer?`)) await discardKexec(target, image);
 * ```
 */
export async function discardKexec(target: Session, { folder, facts }: RemoteKexec): Promise<void> {
  await removeThere(target, [folder], facts);
  const stages = Stages.of(target.report);
  // A boot that was announced may come all the same.
  if (stages.state === "image") stages.reach("untouched");
}

/** Removes folders of the target; with `mayBegin` those too that a command makes which has only been sent there. */
export async function removeThere(
  target: Session,
  folders: readonly string[],
  facts: Facts,
  mayBegin = false,
): Promise<void> {
  const twice = mayBegin ? 'sleep 1; rm -rf -- "$@"' : ":";
  await target.run(["sh", "-c", `rm -rf -- "$@"; ${twice}`, "rm", ...folders], {
    become: becomeRoot(facts),
    // Who interrupts does not wait; else a slow machine has its time.
    timeout: mayBegin ? 60_000 : 5000,
    evenIfAborted: true,
  });
}
