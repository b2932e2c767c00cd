/**
 * Holding the disks that a configuration names against those that a target has.
 *
 * @module
 */
import { PreflightError } from "../errors.ts";
import type { Disk } from "../plan/disks.ts";
import { showDisk } from "../plan/disks.ts";
import type { Session } from "../ssh/session.ts";

// The device that each name leads to, in the same order; an empty line where there is none.
const RESOLVE = `
for device; do
  if [ -b "$device" ]; then printf 'device %s\\n' "$(readlink -f -- "$device")"; else echo 'device '; fi
done
`;

/**
 * Looks up the devices that a configuration names and returns what the target says of each. Throws a
 * {@linkcode PreflightError} if one is not there. Changes nothing.
 */
export async function findDisks(
  target: Session,
  devices: readonly string[],
  disks: readonly Disk[],
  signal?: AbortSignal,
): Promise<readonly string[]> {
  if (devices.length === 0) return [];
  const { stdout } = await target.script(RESOLVE, {
    name: "disks",
    inline: true,
    args: devices,
    deadline: 60_000,
    ...(signal && { signal }),
  });
  const found = [...stdout.matchAll(/^device (\S*)$/gm)].map((match) => match[1] ?? "");
  const missing = devices.filter((_, index) => !found[index]);
  if (missing.length > 0) {
    const there = disks.length === 0
      ? "lists none"
      : `has ${disks.map(({ device }) => device).join(", ")}`;
    throw new PreflightError(
      `${target.label}: there is no disk ${missing.join(", no disk ")}: it ${there}`,
      {
        hint:
          "correct the device in the configuration's disko.devices; with --force the installer is left to find it",
      },
    );
  }
  return devices.map((device, index) => {
    const disk = disks.find((one) => one.device === found[index]);
    const shown = disk ? showDisk(disk) : found[index] ?? "";
    return device === found[index] ? shown : `${device} is ${shown}`;
  });
}
