/**
 * Arrays of md, Linux' software RAID, that one kernel makes and another one is to start. Since 6.19 the kernel writes a
 * disk's logical block size into a place of the superblock in which kernels before it take nothing but zeros.
 *
 * @module
 */

/** Whether a disko script makes an array with such a superblock, which all but two kinds of containers have. */
export function makesArrays(script: string): boolean {
  const lines = script.replaceAll(/\\\r?\n/g, " ").split("\n");
  return lines.some((line) =>
    /^[^#]*\bmdadm\s(.*\s)?(--create|-C)\s/.test(line) &&
    !/\s(--metadata[= ]|-e ?)["']?(ddf|imsm|0)/.test(line)
  );
}

/** Whether a kernel starts the arrays that another one makes; what is no version starts all of them. */
export function startsArrays(kernel: string, maker: string): boolean {
  return !(isBefore619(kernel) === true && isBefore619(maker) === false);
}

function isBefore619(version: string): boolean | undefined {
  const [, major, minor] = /^(\d{1,4})\.(\d{1,4})/.exec(version) ?? [];
  if (major === undefined) return undefined;
  return Number(major) < 6 || (Number(major) === 6 && Number(minor) < 19);
}
