/**
 * What outlives a run: the way back into the installer, and the new system's identity.
 *
 * @module
 */
import { forget, type InstallerPlace, keep, type Kept, readKept } from "../files/kept.ts";
import type { Plan } from "../plan/plan.ts";
import { fingerprint, replaceHostKeys } from "../ssh/known_hosts.ts";
import type { KnownAs } from "../ssh/session.ts";
import type { Run } from "./run.ts";

/** Where the installer is or was: where this run boots it, or where the user logs in to it. */
function installerPlaces({ destination, ssh, kexec }: Plan): InstallerPlace[] {
  if (!destination) return [];
  const login = ssh.port ?? destination.port ?? 22;
  return [...new Set([kexec.port, login])].map((port) => ({ host: destination.host, port }));
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

/** Forgets the installer, which is no more. */
export async function forgetWayBack(plan: Plan): Promise<void> {
  for (const place of installerPlaces(plan)) await forget(place);
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
