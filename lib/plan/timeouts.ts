/**
 * How long each wait of an install may take.
 *
 * @module
 */
import { UsageError } from "../errors.ts";

/** Something that is waited for. */
export type Wait =
  | "connect"
  | "build"
  | "image"
  | "kexec"
  | "boot"
  | "hardware"
  | "disko"
  | "copy"
  | "install"
  | "reboot";

/** How long each wait may take, in milliseconds. */
export type Timeouts = { readonly [W in Wait]: number };

// Seconds. Long enough for slow machines and networks: each only has to end what would never end.
const DEFAULTS: Readonly<Record<Wait, number>> = {
  /** Logging in. */
  connect: 120,
  /** Evaluating and building. */
  build: 86_400,
  /** Getting the kexec image onto the target. */
  image: 3600,
  /** The image's script, until it says that it will boot. */
  kexec: 300,
  /** From then until the installer lets us in. */
  boot: 600,
  /** Generating the hardware configuration. */
  hardware: 300,
  /** The disko script. */
  disko: 3600,
  /** A closure copy during which no byte moves. */
  copy: 120,
  /** nixos-install, and the extra files before it. */
  install: 3600,
  /** From the reboot until the new system answers. */
  reboot: 300,
};

/** The names of all waits. */
export const WAITS: readonly Wait[] = Object.keys(DEFAULTS) as Wait[];

/**
 * Reads `NAME=SECONDS` settings, or a record of seconds, on top of the defaults. Throws a
 * {@linkcode UsageError} on an unknown name or what is no number of seconds.
 */
export function readTimeouts(
  settings: readonly string[] | Partial<Record<Wait, number>> = {},
): Timeouts {
  const pairs: (readonly [string, string | number])[] = Array.isArray(settings)
    ? settings.map((setting: string) => {
      const at = setting.indexOf("=");
      return [
        at < 0 ? setting : setting.slice(0, at),
        at < 0 ? "" : setting.slice(at + 1),
      ] as const;
    })
    : Object.entries(settings);
  const seconds: Record<string, number> = { ...DEFAULTS };
  for (const [name, value] of pairs) {
    const number = typeof value === "number"
      ? value
      : /^\d+(\.\d+)?$/.test(value)
      ? Number(value)
      : NaN;
    if (!Object.hasOwn(DEFAULTS, name) || !(number > 0 && number <= 2_000_000)) {
      throw new UsageError(`--timeout: ${JSON.stringify(`${name}=${value}`)} is not possible`, {
        hint: `write NAME=SECONDS, with one of ${WAITS.join(", ")}`,
      });
    }
    seconds[name] = number;
  }
  return Object.fromEntries(WAITS.map((wait) => [wait, (seconds[wait] ?? 0) * 1000])) as Timeouts;
}
