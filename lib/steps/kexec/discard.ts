/**
 * Removing a kexec image from a target.
 *
 * @module
 */
import { becomeRoot, type Facts } from "../../plan/facts.ts";
import { Stages } from "../../report/stages.ts";
import type { RemoteOptions, Session } from "../../ssh/session.ts";
import type { RemoteKexec } from "./upload.ts";

/** Removes an image that will not be booted from the target again. */
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

/**
 * Removes folders of the target; with `mayBegin` those too that a command makes which has only been sent there. Who
 * interrupts does not wait; else a slow machine has its time.
 */
export async function removeThere(
  target: Session,
  folders: readonly string[],
  facts: Facts,
  { mayBegin = false, timeout = mayBegin ? 60_000 : 5000 }: {
    readonly mayBegin?: boolean | undefined;
    readonly timeout?: number | undefined;
  },
): Promise<void> {
  const twice = mayBegin ? 'sleep 1; rm -rf -- "$@"' : ":";
  await target.run(["sh", "-c", `rm -rf -- "$@"; ${twice}`, "rm", ...folders], {
    become: becomeRoot(facts),
    timeout,
    evenIfAborted: true,
  });
}
