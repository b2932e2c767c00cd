/**
 * What outlives a run: the way back into the installer, and the new system's identity.
 *
 * @module
 */
import {
  findKept,
  forget,
  forgetEverywhere,
  type InstallerPlace,
  keep,
  type Kept,
  readKept,
} from "../files/kept.ts";
import type { Plan } from "../plan/plan.ts";
import { fingerprint, type KnownAs, replaceHostKeys } from "../ssh/known_hosts.ts";
import type { Run } from "./run.ts";

/** Where the installer is or was: where this run boots it, or where the user logs in to it. */
function installerPlaces({ destination, ssh, kexec }: Plan): InstallerPlace[] {
  if (!destination) return [];
  const login = ssh.port ?? destination.port ?? 22;
  const places = [...new Set([kexec.port, login])].map((port) => ({
    host: destination.host,
    port,
  }));
  const { host } = kexec;
  return host === undefined ? places : [{ host, port: kexec.port }, ...places];
}

/** Whether a host key of this fingerprint is among those that are kept. */
export async function hasKey(kept: Kept, wanted: string | undefined): Promise<boolean> {
  const fingerprints = await Promise.all(kept.hostKeys.map(fingerprint));
  return wanted !== undefined && [...fingerprints, kept.fingerprint].includes(wanted);
}

/** Keeps what lets us back into an installer. A state folder that cannot be written is no reason to stop. */
export async function keepWayBack({ plan, report }: Run, kept: Kept): Promise<void> {
  try {
    const [place] = installerPlaces(plan);
    if (!place) return;
    const path = await keep(place, kept);
    if (kept.privateKey === undefined) return;
    const text = `the key to the installer is kept in ${path} until the install has succeeded`;
    report({ type: "log", level: "info", text });
  } catch (error) {
    const text = `the way back into the installer is not kept: ${
      error instanceof Error ? error.message : error
    }`;
    report({ type: "log", level: "warning", text });
  }
}

/** What an earlier run has kept of the installer. */
export async function findWayBack(plan: Plan): Promise<Kept | undefined> {
  for (const place of installerPlaces(plan)) {
    const kept = await readKept(place);
    if (kept) return kept;
  }
  return undefined;
}

/** What an earlier run has kept of the machine with this host key, at whatever address it was. */
export async function findWayBackByKey(fingerprint: string | undefined): Promise<Kept | undefined> {
  return fingerprint === undefined
    ? undefined
    : await findKept((kept) => hasKey(kept, fingerprint));
}

/** Forgets the installer, which is no more; `shown` is the fingerprint of its host key. */
export async function forgetWayBack(plan: Plan, shown?: string): Promise<void> {
  for (const place of installerPlaces(plan)) await forget(place);
  if (shown !== undefined) await forgetEverywhere((kept) => hasKey(kept, shown));
}

/** Shows the new system's host keys and, if the plan says so, puts them into known_hosts. */
export async function tellHostKeys(
  { plan, report }: Run,
  knownAs: KnownAs,
  keys: readonly string[],
): Promise<void> {
  const info = (text: string) => report({ type: "log", level: "info", text });
  for (const key of keys) {
    info(`host key of the new system: ${key.split(" ")[0]} ${await fingerprint(key)}`);
  }
  if (!plan.ssh.updateKnownHosts) return;
  if (keys.length === 0) {
    const text = "the new system makes its host keys at its first boot: known_hosts is as it was";
    report({ type: "log", level: "warning", text });
    return;
  }
  info(
    `known_hosts: ${await replaceHostKeys(
      knownAs,
      keys,
      plan.ssh.knownHosts,
    )} has the new system's host keys`,
  );
}
