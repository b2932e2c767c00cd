/**
 * What came of an install, as data.
 *
 * @module
 */
import type { Phase } from "../plan/phases.ts";
import type { StorePath } from "../plan/store_path.ts";
import type { Stage } from "./events.ts";

/** What was seen of the installed system after the reboot. */
export interface Rebooted {
  /** `running`: logged in and seen; `closed`: it answers, but does not let us in; `silent`: no answer yet. */
  readonly seen: "running" | "closed" | "silent";
  /** How its kernel was started: by firmware and boot loader, or by kexec, past both. */
  readonly by: "firmware" | "kexec";
  /** The store path that runs, where that could be seen. */
  readonly system?: StorePath;
  /** The public ssh host keys that were in the new system before the reboot, each `TYPE BASE64`. */
  readonly hostKeys: readonly string[];
}

/** What came of an install. */
export interface InstallReport {
  /** The target as the user named it. */
  readonly host: string;
  /** The phases that were run; without kexec where the target ran an installer already. */
  readonly phases: readonly Phase[];
  /** The system that was installed; absent where the install phase was left out. */
  readonly system?: StorePath;
  /** What was seen of the installed system; absent where the reboot phase was left out. */
  readonly rebooted?: Rebooted;
  /** How long each stage took, in milliseconds. Stages overlap. */
  readonly times: { readonly [K in Stage]?: number };
}
