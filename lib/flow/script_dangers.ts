/**
 * What a disko script would do wrong on an installer: disks that are not the configuration's are taken for those that are,
 * or what it makes is of no use to the new system.
 *
 * @module
 */
import { DiskError } from "../errors.ts";
import { escapeControls } from "../escape.ts";
import type { FoundDisk } from "../plan/disks.ts";
import { startsArrays } from "../plan/md_arrays.ts";
import { readPartitions, strangerWithLabel } from "../plan/partition_labels.ts";
import type { Session } from "../ssh/session.ts";

/** What is known of a script, and of the system that is to be installed. */
export interface Dangerous {
  /** Labels of partitions that it takes for devices. */
  readonly labels: ReadonlySet<string>;
  /** Whether it makes arrays of md. */
  readonly makesArrays: boolean;
  /** The disks that it is for. */
  readonly found: readonly FoundDisk[];
  /** The version of the new system's kernel, where it is known. */
  readonly kernel: string | undefined;
}

/** Looks in the installer, and returns what stands against the script. Changes nothing. */
export async function scriptDangers(
  installer: Session,
  known: Dangerous,
  signal: AbortSignal | undefined,
): Promise<readonly DiskError[]> {
  const { labels, found } = known;
  const names = found.map(({ name }) => name);
  const asksLabels = labels.size > 0 && names.length > 0;
  if (!asksLabels && (!known.makesArrays || known.kernel === undefined)) return [];
  const { stdout } = await installer.script(LOOK, {
    ...{ name: "labels and kernel", args: names, allowFailure: true, timeout: 60_000 },
    ...(signal && { signal }),
  });
  const dangers = [refusedArrays(installer, known, /^kernel (.*)$/m.exec(stdout)?.[1] ?? "")];
  const disks = Array.from(
    stdout.matchAll(/^named (\/dev\/\S{1,200})$/gm),
    ([, name = ""]) => name,
  );
  const stranger = strangerWithLabel(labels, readPartitions(stdout), disks);
  if (stranger) {
    const { device, disk, label } = stranger;
    const rename = `sfdisk --part-label ${disk} ${/\d*$/.exec(device)?.[0]} old`;
    dangers.push(
      new DiskError(
        `${installer.label}: ${device} is called ${label}, as a partition of the configuration is, ` +
          `and ${disk} is none of its disks: one would be taken for the other`,
        {
          hint: "nothing was wiped: give the disk another name in disko.devices.disk, of which " +
            `disko makes the labels, or call that partition otherwise, in the installer: ${rename}`,
        },
      ),
    );
  }
  return dangers.filter((danger) => danger !== undefined);
}

// Arguments are names of disks.
const LOOK = `
PATH=$PATH:/usr/sbin:/sbin:/run/current-system/sw/bin
printf 'kernel %s\\n' "$(cat /proc/sys/kernel/osrelease)"
for name; do printf 'named %s\\n' "$(readlink -f -- "$name")"; done
lsblk -P -n -o NAME,PKNAME,PARTLABEL 2>/dev/null
`;

/** Arrays that the new system would not start: nothing of it would boot. */
function refusedArrays(
  { label }: Session,
  { makesArrays, kernel }: Dangerous,
  maker: string,
): DiskError | undefined {
  if (!makesArrays || kernel === undefined || startsArrays(kernel, maker)) return undefined;
  return new DiskError(
    `${label}: mdadm's arrays, made by the installer's kernel ${escapeControls(maker)}, ` +
      `are refused by the new system's kernel ${kernel}`,
    {
      hint: "set boot.kernelPackages = pkgs.linuxPackages_latest in the configuration, " +
        "or boot an installer with a kernel before 6.19: --kexec",
    },
  );
}
