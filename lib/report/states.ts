/**
 * What state the target is in at each point of an install, for whoever has to go on after a failure.
 *
 * @module
 */

/** A point of an install from which on the target's state is another, in their order. */
export type State =
  | "uncontacted"
  | "untouched"
  | "image"
  | "booting"
  | "installer"
  | "formatting"
  | "formatted"
  | "installing"
  | "installed"
  | "rebooting"
  | "done";

/** The state of each point, as a clause. */
export const STATES: Readonly<Record<State, string>> = {
  uncontacted: "nothing was contacted",
  untouched: "nothing was changed on the target",
  image: "an unpacked kexec image may be left on the target; nothing else was changed",
  booting: "the target may be booting the installer; its disks are untouched",
  installer: "the target runs the installer; this run has not touched its disks",
  formatting: "the target runs the installer; its disks may be partly formatted",
  formatted: "the target runs the installer; its disks are formatted, no system is installed",
  installing: "the target runs the installer; the new system may be partly installed",
  installed: "the new system is installed; the target still runs the installer",
  rebooting: "the new system is installed; the target may be rebooting into it",
  done: "the new system is installed and runs",
};

/** A point of an update from which on the target's state is another. */
export type UpdateState = "copying" | "activating" | "back" | "partial" | "next-boot" | "active";

/** The state of each point of an update, as a clause. */
export const UPDATE_STATES: Readonly<Record<UpdateState, string>> = {
  copying: "store paths may have been copied; the target runs the system that it ran",
  activating:
    "the new system may be active in parts; unless a new login confirms it, the target goes back by itself to the system before",
  back: "the target runs the system before again",
  partial: "the new system may be active, or set for the next boot, in parts",
  "next-boot":
    "the new system is what the target boots the next time; it runs the system that it ran",
  active: "the new system is active",
};
