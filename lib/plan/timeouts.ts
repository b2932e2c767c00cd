/**
 * How long each wait of an install may take.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { didYouMean } from "../near.ts";
import type { InstallSettings } from "./options.ts";

/** How long each wait may take, in milliseconds. */
export interface Timeouts {
  /** Logging in. */
  readonly connect: number;
  /** Evaluating and building. */
  readonly build: number;
  /** Getting the kexec image onto the target. */
  readonly image: number;
  /** The image's script, until it says that it will boot. */
  readonly kexec: number;
  /** From then until the installer lets us in. */
  readonly boot: number;
  /** Generating the hardware configuration. */
  readonly hardware: number;
  /** The disko script. */
  readonly disko: number;
  /** A closure copy during which no byte moves. */
  readonly copy: number;
  /** nixos-install, and the extra files before it. */
  readonly install: number;
  /** From the reboot until the new system answers. */
  readonly reboot: number;
  /** Activating a system in an update; going back to the one before has the same time. */
  readonly activate: number;
  /** From then until a new login; after that the machine goes back by itself. */
  readonly confirm: number;
}

/** Something that is waited for. */
export type Wait = keyof Timeouts;

type SomeTimeouts = NonNullable<InstallSettings["timeouts"]>;

/** The default of each timeout: long enough for slow machines and networks, it only ends what would never end. */
export const TIMEOUTS: Timeouts = Object.freeze({
  connect: 120_000,
  build: 86_400_000,
  image: 3_600_000,
  kexec: 300_000,
  boot: 600_000,
  hardware: 300_000,
  disko: 3_600_000,
  copy: 120_000,
  install: 3_600_000,
  reboot: 300_000,
  activate: 600_000,
  confirm: 60_000,
});

/** The names of all waits. */
export const WAITS: readonly Wait[] = Object.keys(TIMEOUTS) as Wait[];

// The longest that a timer counts to is 2^31 milliseconds.
const LONGEST = 2_000_000_000;

/** Fills timeouts in milliseconds up with the defaults; throws a {@linkcode UsageError} on what is none. */
export function readTimeouts(given: SomeTimeouts, name = "timeouts"): Timeouts {
  const said = Object.entries(given).filter(([, value]) => value !== undefined);
  for (const [wait, value] of said) {
    if (isTimeout(wait, value)) continue;
    throw new UsageError(`${name}: ${JSON.stringify(`${wait}=${value}`)} is not possible`, {
      hint: `give milliseconds up to ${LONGEST}, for any of ${WAITS.join(", ")}`,
    });
  }
  return { ...TIMEOUTS, ...Object.fromEntries(said) };
}

/** Reads `NAME=SECONDS`; throws a {@linkcode UsageError} on anything else. */
export function parseTimeout(text: string): SomeTimeouts {
  const [wait = "", ...rest] = text.split("=");
  const seconds = rest.join("=");
  const value = /^\d+(\.\d+)?$/.test(seconds) ? Number(seconds) * 1000 : NaN;
  if (isTimeout(wait, value)) return { [wait]: value };
  throw new UsageError(`--timeout: ${JSON.stringify(`${wait}=${seconds}`)} is not possible`, {
    hint: Object.hasOwn(TIMEOUTS, wait)
      ? `write NAME=SECONDS, with one of ${WAITS.join(", ")}`
      : didYouMean(wait, WAITS, `write NAME=SECONDS, with one of ${WAITS.join(", ")}`),
  });
}

function isTimeout(wait: string, value: unknown): boolean {
  return Object.hasOwn(TIMEOUTS, wait) && typeof value === "number" && value > 0 &&
    value <= LONGEST;
}
