/**
 * Holding the disks that a configuration names against those that a target has: before anything is changed, and again
 * in the installer, whose names for them may be others.
 *
 * @module
 */
import { DiskError, PreflightError } from "../errors.ts";
import type { DiskLayout } from "../nix/disk_layout.ts";
import type { Disk, FoundDisk } from "../plan/disks.ts";
import { diskOf, doubledDisk, fateOf, nameDisk, readDisks } from "../plan/disks.ts";
import { compareDisks, sharedNames } from "../plan/same_disk.ts";
import { LOOK_AGAIN, PATIENCE, readNames, RESOLVE } from "../ssh/disk_names.ts";
import type { RemoteOptions, Session } from "../ssh/session.ts";

/** How disks are looked up; everything has a default. */
export interface DiskOptions {
  /** What the disko script is called, `mountScript`: it tells what becomes of the disks. Default: "diskoScript" */
  readonly script?: string | undefined;
  /** Whether missing disks, and those with two names, are returned instead of thrown. Default: false */
  readonly allowMissing?: boolean | undefined;
  /** How long the target may take to answer, in milliseconds. Default: 60,000 */
  readonly timeout?: number | undefined;
  /** Ends the wait when aborted. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Looks up the disks that a configuration names and returns what the target says of each; `disks` are its
 * {@linkcode Facts.disks}. A name that only the installer may know (there is no udev) is returned without a device.
 * Throws a {@linkcode PreflightError} if a disk is certain to be missing, or named twice. Changes nothing.
 *
 * @example
 * ```ts ignore
 * import { findDisks } from "@nixos-anywhere/deno";
 * const main = { name: "main", device: "/dev/sda", destroy: true };
 * const [found] = await findDisks(target, [main], facts.disks);
 * console.log(found?.disk?.serial);
 * ```
 */
export async function findDisks(
  target: Session,
  configured: DiskLayout["disks"],
  disks: readonly Disk[],
  options: DiskOptions = {},
): Promise<readonly FoundDisk[]> {
  if (configured.length === 0) return [];
  const { script = "diskoScript", allowMissing, timeout = 60_000, signal } = options;
  const devices = configured.map(({ device }) => device);
  const { stdout } = await target.script(RESOLVE, {
    name: "disks",
    inline: true,
    args: devices,
    timeout,
    signal,
  });
  const answers = readNames(stdout, devices, target.label);
  const missing = devices.filter((_, index) => answers[index] === "missing");
  if (missing.length > 0 && !allowMissing) {
    throw new PreflightError(...missed(target, missing, disks));
  }
  const found = configured.map((one, index): FoundDisk => {
    const answer = answers[index] ?? "";
    const fate = answer === "missing" ? "missing" : fateOf(script, one);
    if (!answer.startsWith("/")) return { name: one.device, fate };
    return { name: one.device, fate, device: answer, disk: diskOf(answer, disks) };
  });
  const doubled = doubledDisk(found);
  if (doubled && !allowMissing) throw new PreflightError(...told(target, doubled));
  return found;
}

function told(
  { label }: Session,
  { names, device }: NonNullable<ReturnType<typeof doubledDisk>>,
): [string, { hint: string }] {
  return [`${label}: ${names} are one disk, ${device}`, {
    hint: "nothing was wiped: name each disk once in the configuration's disko.devices",
  }];
}

function missed(
  { label }: Session,
  names: readonly string[],
  disks: readonly Disk[],
): [string, { hint: string }] {
  const there = disks.length === 0
    ? "lists none"
    : `has ${disks.map(({ device }) => device).join(", ")}`;
  return [`${label}: there is no disk ${names.join(", no disk ")}: it ${there}`, {
    hint:
      "correct the device in the configuration's disko.devices; with --force the installer is left to find it",
  }];
}

/**
 * Looks in the installer whether the disks that a configuration names are those that were found before it was booted;
 * `shown` are all disks of the system that ran then. A name that leads to the same disk by another device is told.
 * Throws a {@linkcode DiskError} if a name leads to another disk or to none. Changes nothing.
 *
 * @example
 * ```ts ignore
 * import { checkDisks, findDisks, runDisko, runKexec } from "@nixos-anywhere/deno";
 * const found = await findDisks(target, configured, facts.disks);
 * const installer = await runKexec(target, image);
 * await checkDisks(installer, found, facts.disks);
 * await runDisko(installer, disko);
 * ```
 */
export async function checkDisks(
  installer: Session,
  found: readonly FoundDisk[],
  shown: readonly Disk[],
  options: Pick<RemoteOptions, "timeout" | "signal"> = {},
): Promise<void> {
  const [first] = await diskObjections(installer, found, shown, options);
  if (first) throw first;
}

/** What {@linkcode checkDisks} would throw, all of it. */
export async function diskObjections(
  installer: Session,
  found: readonly FoundDisk[],
  shown: readonly Disk[],
  options: Pick<RemoteOptions, "timeout" | "signal"> = {},
): Promise<readonly DiskError[]> {
  if (found.length === 0) return [];
  const objections: DiskError[] = [];
  const names = found.map(({ name }) => name);
  const seen = found.some(({ device }) => device !== undefined);
  const { stdout } = await installer.script(LOOK_AGAIN, {
    name: "disks",
    args: [String(seen ? PATIENCE : 0), ...names],
    timeout: options.timeout ?? 120_000,
    ...(options.signal && { signal: options.signal }),
  });
  const answers = readNames(stdout, names, installer.label);
  const disks = readDisks(
    [...stdout.matchAll(/^disk (.{0,2000})$/gm)].map(([, line = ""]) => line),
  );
  const aliases = (disk: Disk) =>
    [...stdout.matchAll(/^alias (\S{1,100}) (.{1,300})$/gm)]
      .filter(([, name = ""]) => `/dev/${name.replaceAll("!", "/")}` === disk.device)
      .map(([, , value = ""]) => value);
  const missing = names.filter((_, index) => answers[index] === "missing");
  if (missing.length > 0) {
    const [message] = missed(installer, missing, disks);
    objections.push(new DiskError(`${message} in the installer`, { hint: HINT_MISSING }));
  }
  const doubled = doubledDisk(found.map(({ name, fate }, index) => {
    const answer = answers[index] ?? "";
    return { name, fate, ...(answer.startsWith("/") && { device: answer }) };
  }));
  if (doubled) objections.push(new DiskError(...told(installer, doubled)));
  const shared = sharedNames(shown);
  const compare = (one: Disk, other: Disk) => compareDisks(one, other, aliases(other), shared);
  const same = (one: Disk, other: Disk) => compare(one, other) === "same";
  const say = (level: "info" | "warning", text: string) =>
    installer.report({ type: "log", level, text: `${installer.label}: ${text}` });
  for (const [index, { name, device, disk: before }] of found.entries()) {
    const answer = answers[index] ?? "";
    if (answer === "missing") continue;
    const now = diskOf(answer, disks);
    if (!now) {
      say("warning", `${name}: cannot tell whether it is the disk that was shown`);
      continue;
    }
    const was = before ?? shown.find((one) => same(one, now));
    if (!was) {
      say("warning", `${name} is ${nameDisk(now)}, a disk that was not seen before`);
      continue;
    }
    const sameness = compare(was, now);
    if (sameness === "different") {
      const moved = disks.find((one) => same(was, one));
      const where = moved ? `; the disk that was shown is ${moved.device} now` : "";
      objections.push(
        new DiskError(
          `${installer.label}: ${name} is another disk in the installer: shown was ${
            nameDisk(was)
          }, now it is ${nameDisk(now)}${where}`,
          { hint: HINT_OTHER },
        ),
      );
      continue;
    }
    const twins = shown.filter((one) => compare(one, now) !== "different");
    if (sameness === "unknown" || sameness === "alike" && twins.length > 1) {
      say("warning", `${name}: nothing tells it from another disk: ${nameDisk(now)}`);
    }
    if (now.device !== was.device) {
      say("info", `${name} is ${now.device} now, it was ${was.device}`);
    } else if (device === undefined) say("info", `${name} is ${nameDisk(now)}`);
  }
  return objections;
}

const HINT_OTHER =
  "nothing was wiped: name the disk by its /dev/disk/by-id in the configuration; --force takes the disk that is there now";
const HINT_MISSING =
  "nothing was wiped: correct the device in the configuration's disko.devices, or see whether the installer has its driver";
