/**
 * Rebooting into the installed system.
 *
 * @module
 */
import { Scope } from "../../async.ts";
import { BootError, ConnectionError, HostIdentityError, LoginError } from "../../errors.ts";
import { escapeControls } from "../../escape.ts";
import type { BootCheck, BootEntry } from "../../plan/boot_check.ts";
import type { Destination } from "../../plan/destination.ts";
import { isStorePath, type StorePath } from "../../plan/store_path.ts";
import { TIMEOUTS } from "../../plan/timeouts.ts";
import { awaitBoot } from "../../ssh/boot.ts";
import type { ConnectOptions, LoginOptions } from "../../ssh/login_options.ts";
import type { Rebooted } from "../../report/install_report.ts";
import { Stages } from "../../report/stages.ts";
import { forgetResumeInfo } from "../../ssh/resume.ts";
import { internals, type Session } from "../../ssh/session.ts";
import { LEAVE, LOOK, readLoader, readOther } from "./reboot_script.ts";

/** How the reboot is done and waited for; everything has a default. */
export interface RebootOptions {
  /** Where and how to log in to the installed system. Default: as on the installer */
  readonly login?:
    | { readonly destination: Destination; readonly options: ConnectOptions }
    | undefined;
  /** The system that has to run afterwards. Default: not checked */
  readonly system?: StorePath | string | undefined;
  /**
   * What {@linkcode checkBootable} has returned: the kernel of its entry is started by kexec, past firmware and boot loader.
   * Where there is no entry, or kexec fails to load it, a warning says so and the firmware's way is taken.
   * Default: the firmware's way
   */
  readonly kexec?: BootCheck | undefined;
  /** How long until the new system has to answer, in milliseconds. Default: {@linkcode TIMEOUTS}.reboot */
  readonly timeout?: number | undefined;
  /** Ends the wait, and what runs here, when aborted. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Unmounts /mnt, exports ZFS pools, reboots, and waits until the installed system answers. The session is
 * disposed of, and what {@linkcode runKexec} saved of the installer is forgotten. A system that does not let us in, or is not heard of in time, is no failure: what could be
 * seen is returned.
 *
 * By default the machine goes through its firmware, which proves the boot loader. `kexec` saves the minutes that the
 * firmware of a server takes.
 *
 * Throws a {@linkcode BootError} if the installer never went away, or if another system came up.
 *
 * @example
 * ```ts ignore
 * import { reboot } from "@nixos-anywhere/deno";
 * const { seen } = await reboot(installer, { system });
 * ```
 *
 * @example Past the firmware
 * ```ts ignore
 * import { checkBootable, reboot } from "@nixos-anywhere/deno";
 * const kexec = await checkBootable(installer, system);
 * const { seen, by } = await reboot(installer, { system, kexec });
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
  const { system, timeout = TIMEOUTS.reboot, kexec, signal } = options;
  const { label, report } = installer;
  const warn = (text: string) =>
    report({ type: "log", level: "warning", text: `${label}: ${text}` });
  if (kexec && !kexec.entry) warn(`not by kexec but by its firmware: ${kexec.why}`);
  using going = new Scope(signal);
  const { hostKeys, previous, by, said, ended } = await leave(
    installer,
    kexec?.entry,
    { timeout: Math.max(timeout, 120_000), signal: going.signal },
  );
  if (kexec?.entry && by === "firmware") {
    warn(`not by kexec but by its firmware: the new kernel could not be loaded: ${said}`);
  }
  const known: LoginOptions = options.login?.options ?? internals(installer).login;
  try {
    let [running, loader]: [string, Rebooted["by"] | undefined] = ["", undefined];
    let other: string | undefined;
    await using _session = await awaitBoot(installer, {
      previous,
      expected: "the installed system",
      stage: "reboot",
      snippet: {
        name: "look at the system",
        text: LOOK,
        args: [],
        onOutput: (answer) => {
          running = /^system (.*)$/m.exec(answer)?.[1] ?? "";
          loader = readLoader(answer);
          if (!isStorePath(running)) other = readOther(answer);
        },
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
    const instead = isStorePath(running) ? running : other;
    if (system !== undefined && instead !== undefined && instead !== system) {
      throw new BootError(`${label}: runs ${escapeControls(instead)} instead of ${system}`, {
        outcome: "other",
        hint: "it may have booted from another disk: look at the boot order of its firmware",
      });
    }
    if (system !== undefined && instead === undefined) warn("it does not say which system it runs");
    // There are boot loaders that use kexec: what was told to go by the firmware did.
    const fell = by === "kexec" && loader === "firmware";
    if (fell) warn("its firmware has started the new system: kexec did not get that far");
    const found = isStorePath(running) && { system: running };
    return { seen: "running", by: fell ? "firmware" : by, hostKeys, ...found };
  } catch (error) {
    signal?.throwIfAborted();
    const seen = error instanceof LoginError || error instanceof HostIdentityError
      ? "closed"
      : "silent";
    if (error instanceof BootError && error.outcome === "stayed" && by === "kexec") {
      throw new BootError(error.message, {
        outcome: "stayed",
        hint:
          "kexec does not start the new kernel there; the boot loader is installed: switch the " +
          "machine off and on, or run --phases reboot without --reboot kexec",
      });
    }
    if (error instanceof BootError && error.outcome !== "silent") throw error;
    if (
      !(error instanceof BootError || error instanceof ConnectionError ||
        error instanceof HostIdentityError)
    ) {
      throw error;
    }
    const rest = seen === "silent" && by === "kexec"
      ? "; if it stays silent, switch it off and on: its boot loader is installed"
      : "";
    const text = `${error.message}: the installed system could not be looked at${rest}`;
    report({ type: "log", level: "warning", text });
    return { seen, by, hostKeys };
  } finally {
    going.abort(OVER);
    await ended;
  }
}

const OVER = new Error("the machine was rebooted");

/** What is known when the installer is about to go. */
interface Leaving {
  readonly hostKeys: readonly string[];
  /** The boot_id of the installer. */
  readonly previous: string;
  readonly by: Rebooted["by"];
  /** Why kexec did not load the kernel, in its words, where it did not. */
  readonly said: string;
  /** Settles when the connection has let go of the command. */
  readonly ended: Promise<unknown>;
}

/**
 * Gets the installer ready and sends it off. It goes as soon as its answer is here; what becomes of the
 * connection then is not waited for.
 */
async function leave(
  installer: Session,
  entry: BootEntry | undefined,
  // What was installed is written to the disk, which may be a memory card.
  { timeout, signal }: { readonly timeout: number; readonly signal: AbortSignal },
): Promise<Leaving> {
  const hostKeys: string[] = [];
  const said: string[] = [];
  let [previous, by]: [string, Rebooted["by"]] = ["", "firmware"];
  const ready = Promise.withResolvers<void>();
  const hold = new TransformStream<Uint8Array, Uint8Array>();
  const { kernel = "", parameters = "", initrds = [] } = entry ?? {};
  const words = ["sh", "-euc", LEAVE, "reboot", kernel, parameters, ...initrds];
  const running = installer.pipe(hold.readable, words, {
    shown: entry ? ["kexec", kernel, ...initrds, parameters] : ["reboot"],
    timeout,
    signal,
    onLine: (line) => {
      const [, name, value = ""] = /^(host_key|boot_id|by|kexec_said) (.*)$/.exec(line) ?? [];
      if (name === "host_key" && /^\S+ \S+$/.test(value)) hostKeys.push(value);
      if (name === "boot_id") previous = value;
      if (name === "by" && value === "kexec") by = value;
      if (name === "kexec_said") {
        installer.report({ type: "output", source: "kexec", line: value });
        if (value.trim() !== "") said.push(escapeControls(value.trim().slice(0, 300)));
      }
      if (line === "ready") ready.resolve();
    },
  });
  await Promise.race([ready.promise, running]);
  hold.writable.close().catch(() => {});
  const why = said.find((line) => /fail|cannot|could|unable|denied|no /i.test(line)) ?? said.at(-1);
  return {
    ...{ hostKeys, previous, by, said: why ?? "kexec does not say why" },
    ended: running.catch(() => {}),
  };
}
