/**
 * Removing what was unpacked, or may be being unpacked, on a target.
 *
 * @module
 */
import { becomeRoot, type Facts } from "../../plan/facts.ts";
import type { Session } from "../../ssh/session.ts";

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
