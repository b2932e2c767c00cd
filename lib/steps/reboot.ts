/**
 * Rebooting into the installed system.
 *
 * @module
 */
import { Scope } from "../async.ts";
import { BootError, ConnectionError, HostIdentityError, LoginError } from "../errors.ts";
import type { Destination } from "../plan/destination.ts";
import { isStorePath, type StorePath } from "../plan/store_path.ts";
import { TIMEOUTS } from "../plan/timeouts.ts";
import { awaitBoot } from "../ssh/boot.ts";
import type { ConnectOptions, LoginOptions } from "../ssh/login_options.ts";
import type { Rebooted } from "../report/install_report.ts";
import { Stages } from "../report/stages.ts";
import { forgetResumeInfo } from "../ssh/resume.ts";
import { internals, type Session } from "../ssh/session.ts";

/** How the reboot is done and waited for; everything has a default. */
export interface RebootOptions {
  /** Where and how to log in to the installed system. Default: as on the installer */
  readonly login?:
    | { readonly destination: Destination; readonly options: ConnectOptions }
    | undefined;
  /** The system that has to run afterwards. Default: not checked */
  readonly system?: StorePath | string | undefined;
  /** How long until the new system has to answer, in milliseconds. Default: {@linkcode TIMEOUTS}.reboot */
  readonly timeout?: number | undefined;
  /** Ends the wait, and what runs here, when aborted. */
  readonly signal?: AbortSignal | undefined;
}

const PREPARE = `
PATH=$PATH:/run/current-system/sw/bin
for key in /mnt/etc/ssh/ssh_host_*_key.pub; do
  [ ! -r "$key" ] || sed -n 's/^\\([a-z0-9@.-]* [A-Za-z0-9+/=]*\\).*$/host_key \\1/p' "$key"
done
echo "boot_id $(cat /proc/sys/kernel/random/boot_id)"
sync
umount -R /mnt 2>/dev/null || umount -l /mnt 2>/dev/null || :
swapoff -a 2>/dev/null || :
# A pool that is not exported must be forced to be imported by the new system.
if command -v zpool >/dev/null 2>&1; then zpool export -a || :; fi
sync
echo ready
# Until the answer has arrived, or nobody waits for it any more.
IFS= read -r _ || :
# In the background, so that the login can end in order.
nohup sh -c 'reboot || systemctl reboot || reboot -f' >/dev/null 2>&1 </dev/null &
`;

/**
 * Unmounts /mnt, exports ZFS pools, reboots, and waits until the installed system answers. The session is
 * disposed of, and what {@linkcode runKexec} saved of the installer is forgotten. A system that does not let us in, or is not heard of in time, is no failure: what could be
 * seen is returned.
 *
 * Throws a {@linkcode BootError} if the installer never went away, or if another system came up.
 *
 * @example
 * ```ts ignore
 * import { reboot } from "@nixos-anywhere/deno";
 * const { seen } = await reboot(installer, { system });
 * ```
 */
export async function reboot(installer: Session, options: RebootOptions = {}): Promise<Rebooted> {
  const { fingerprint, report } = installer;
  const address = { host: installer.destination.host, port: internals(installer).knownAs.port };
  const stages = Stages.of(report);
  stages.reach("rebooting");
  const rebooted = await stages.run(
    "reboot",
    () => bootInstalled(installer, options),
    options.signal,
  );
  if (rebooted.seen === "running") stages.reach("done");
  await forgetResumeInfo(address, fingerprint);
  return rebooted;
}

async function bootInstalled(installer: Session, options: RebootOptions): Promise<Rebooted> {
  const { system, timeout = TIMEOUTS.reboot, signal } = options;
  const { label, report } = installer;
  using going = new Scope(signal);
  const { hostKeys, previous, ended } = await prepare(installer, going.signal);
  const known: LoginOptions = options.login?.options ?? internals(installer).login;
  try {
    let running = "";
    await using _session = await awaitBoot(installer, {
      previous,
      expected: "the installed system",
      stage: "reboot",
      snippet: {
        name: "look at the system",
        text: 'echo "system $(readlink -f /run/current-system)"',
        args: [],
        onOutput: (answer) => running = /^system (.*)$/m.exec(answer)?.[1] ?? "",
      },
      destination: options.login?.destination ?? installer.destination,
      login: {
        ...known,
        keysOnly: true,
        // Our own key is not the new system's; and whoever was asked for help once is not asked again.
        temporaryKey: undefined,
        unattended: known.unattended ?? known.temporaryKey !== undefined,
        // Without keys in the new system's /etc/ssh it makes new ones, which nobody can know.
        ...(hostKeys.length > 0
          ? { expectedHostKeys: hostKeys }
          : { hostKey: "off", expectedHostKeys: undefined }),
      },
      timeout,
      refusals: 3000,
      signal,
    });
    if (system !== undefined && isStorePath(running) && running !== system) {
      throw new BootError(`${label}: runs ${running} instead of ${system}`, {
        outcome: "other",
        hint: "it may have booted from another disk: look at the boot order of its firmware",
      });
    }
    return { seen: "running", hostKeys, ...(isStorePath(running) && { system: running }) };
  } catch (error) {
    signal?.throwIfAborted();
    const seen = error instanceof LoginError || error instanceof HostIdentityError
      ? "closed"
      : "silent";
    if (error instanceof BootError && error.outcome !== "silent") throw error;
    if (
      !(error instanceof BootError || error instanceof ConnectionError ||
        error instanceof HostIdentityError)
    ) {
      throw error;
    }
    report({
      type: "log",
      level: "warning",
      text: `${error.message}: the installed system could not be looked at`,
    });
    return { seen, hostKeys };
  } finally {
    going.abort(OVER);
    await ended;
  }
}

const OVER = new Error("the machine was rebooted");

/**
 * Gets the installer ready and sends it off. It goes as soon as its answer is here; what becomes of the
 * connection then is not waited for.
 */
async function prepare(
  installer: Session,
  signal: AbortSignal,
): Promise<{ hostKeys: string[]; previous: string; ended: Promise<unknown> }> {
  const hostKeys: string[] = [];
  let previous = "";
  const ready = Promise.withResolvers<void>();
  const hold = new TransformStream<Uint8Array, Uint8Array>();
  const running = installer.pipe(hold.readable, ["sh", "-euc", PREPARE, "reboot"], {
    shown: ["reboot"],
    timeout: 120_000,
    signal,
    onLine: (line) => {
      const [, name, value = ""] = /^(host_key|boot_id) (.*)$/.exec(line) ?? [];
      if (name === "host_key" && /^\S+ \S+$/.test(value)) hostKeys.push(value);
      if (name === "boot_id") previous = value;
      if (line === "ready") ready.resolve();
    },
  });
  await Promise.race([ready.promise, running]);
  hold.writable.close().catch(() => {});
  return { hostKeys, previous, ended: running.catch(() => {}) };
}
