/**
 * Trying out what an activation would do.
 *
 * @module
 */
import { isStorePath, type StorePath } from "../../plan/store_path.ts";
import type { Report } from "../../report/events.ts";
import type { Session } from "../../ssh/session.ts";
import type { Activated } from "./activate.ts";

/** How long it may take, in milliseconds, and who it runs as. */
export interface DryActivateOptions {
  readonly become: readonly string[];
  readonly timeout: number;
  readonly report: Report;
  readonly signal: AbortSignal | undefined;
}

/** Says what an activation would do. */
export async function dryActivate(
  session: Session,
  system: StorePath,
  { become, timeout, report, signal }: DryActivateOptions,
): Promise<Activated> {
  const { stdout } = await session.run(["readlink", "-f", "/run/current-system"], {
    allowFailure: true,
    timeout: 60_000,
    signal,
  });
  const previous = stdout.trim();
  await session.run([`${system}/bin/switch-to-configuration`, "dry-activate"], {
    become,
    timeout,
    signal,
    hint: "see its output",
    onLine: (line) => report({ type: "output", source: "activation", line }),
  });
  return { previous: isStorePath(previous) ? previous : undefined, unitsFailed: false };
}
