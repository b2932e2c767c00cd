/**
 * Booting a target into an installer.
 *
 * The contract of a kexec image: `kexec/run` in it gathers root's (and the sudo user's) authorized keys,
 * the host keys and the addresses, loads the installer's kernel, says `machine will boot into nixos in
 * 6s...` and boots it six seconds later, or when it is told to ({@linkcode bootNow}). The installer then lets root in
 * with those keys.
 *
 * @module
 */
import { Scope } from "../../async.ts";
import { BootError, CommandError, ConnectionError, LoginError } from "../../errors.ts";
import { becomeRoot } from "../../plan/facts.ts";
import { kexecHint } from "../../plan/kexec_words.ts";
import { TIMEOUTS } from "../../plan/timeouts.ts";
import { awaitBoot, type BootOptions } from "../../ssh/boot.ts";
import { Stages } from "../../report/stages.ts";
import type { RemoteSnippet } from "../../ssh/remote_snippet.ts";
import { saveResumeInfo } from "../../ssh/resume.ts";
import { internals, type Session } from "../../ssh/session.ts";
import { arrangeBoot, type Arranged } from "./arrange.ts";
import { bootNow } from "./boot_now.ts";
import { discardKexec } from "./discard.ts";
import { LOOK, readLook, RUN } from "./kexec_script.ts";
import { otherKey } from "./other_key.ts";
import type { RemoteKexec } from "./upload.ts";

/** How the installer is booted and logged in to; everything has a default. */
export interface KexecOptions {
  /** Where the installer answers, if not where the target does. Default: the target's host */
  readonly host?: string | undefined;
  /** The installer's ssh port. Default: 22 */
  readonly port?: number | undefined;
  /** Flags for kexec itself, handed to the image's script as one argument. Default: "" */
  readonly extraFlags?: string | undefined;
  /**
   * Whether what logs in to the installer is saved before the boot, for {@linkcode connect} in a later run; it is
   * forgotten with {@linkcode reboot}. Default: true
   */
  readonly resume?: boolean | undefined;
  /** How long the image's script may take, in milliseconds. Default: {@linkcode TIMEOUTS}.kexec */
  readonly scriptTimeout?: number | undefined;
  /** How long until the installer has to be up, in milliseconds. Default: {@linkcode TIMEOUTS}.boot */
  readonly timeout?: number | undefined;
  /** Ends the wait, and what runs here, when aborted. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Boots an unpacked image and returns a new session, as root on the installer. The session of the old
 * system is disposed of. The target's disks are not touched; all that ran on it ends.
 *
 * The installer has to show one of the host keys that the target had or was given for it. Throws a
 * {@linkcode PreflightError} before the boot if the installer would let nobody in or could not be known, a
 * {@linkcode CommandError} if the image's script fails, a {@linkcode BootError} if the machine stays as it
 * is, comes back as something else, or does not come back, and a {@linkcode HostIdentityError} if it shows
 * another key.
 *
 * @example
 * ```ts ignore
 * import { connect, runKexec, uploadKexec } from "@nixos-anywhere/deno";
 * await using target = await connect("root@203.0.113.7");
 * await using installer = await runKexec(target, await uploadKexec(target), { port: 22 });
 * ```
 */
export async function runKexec(
  target: Session,
  image: RemoteKexec,
  options: KexecOptions = {},
): Promise<Session> {
  return await bootInstaller(target, image, options);
}

/** What only a whole install tells. */
interface BootInstallerOptions extends KexecOptions {
  /** What {@linkcode arrangeBoot} has arranged. Default: it is arranged now, and an objection is thrown */
  readonly arranged?: Arranged | undefined;
  /** What is done in the installer, together with the look what it is. Default: nothing */
  readonly also?: RemoteSnippet | undefined;
}

/** The same, for a boot that was arranged before. */
export async function bootInstaller(
  target: Session,
  image: RemoteKexec,
  options: BootInstallerOptions,
): Promise<Session> {
  const stages = Stages.of(target.report);
  const installer = await stages.run("kexec", () => boot(target, image, options), options.signal);
  stages.reach("installer");
  return installer;
}

async function boot(
  target: Session,
  image: RemoteKexec,
  options: BootInstallerOptions,
): Promise<Session> {
  const { port = 22, extraFlags = "", timeout = TIMEOUTS.boot, signal } = options;
  const { resume = true, also, scriptTimeout = TIMEOUTS.kexec } = options;
  const { report, label } = target;
  let announced = false;
  const arranged = options.arranged ?? await arrangeBoot(target, image, { signal });
  const [objection] = options.arranged ? [] : arranged.objections;
  if (objection) {
    await discardKexec(target, image).catch(() => {});
    throw objection;
  }
  const { hostKeys, temporaryKey } = arranged;
  const { fingerprint } = target;
  const { host = target.destination.host } = options;
  if (resume) {
    const info = { hostKeys, fingerprint, ...(temporaryKey && { privateKey: temporaryKey }) };
    await saveResumeInfo({ host, port }, info, report);
  }
  Stages.of(report).reach("booting");
  let ended = false;
  try {
    using running = new Scope(signal);
    await target.script(RUN, {
      name: "kexec/run",
      shown: [...becomeRoot(image.facts), "kexec/run", "in", image.folder],
      inline: true,
      killOnDisconnect: true,
      args: [image.folder, extraFlags],
      become: becomeRoot(image.facts),
      timeout: scriptTimeout,
      hint: kexecHint,
      onLine: (line, stream) => {
        if (!announced && line.includes("machine will boot into nixos")) {
          announced = true;
          running.limit(SCRIPT_ENDS, () => lost(label));
        }
        report({ type: "output", source: "kexec", stream, line });
      },
      signal: running.signal,
    });
    ended = true;
  } catch (error) {
    // What was announced comes, however the script ended; the network may be gone before that is heard of.
    const over = error instanceof ConnectionError || error instanceof CommandError;
    if (!announced || !over) throw error;
  }
  const login = internals(target).login;
  let came = { name: "", installer: false };
  const began = performance.now();
  const wait: BootOptions = {
    previous: image.facts.bootId,
    expected: "the installer",
    destination: { host, user: "root", port },
    snippet: {
      name: "look at the installer",
      text: `${LOOK}${also?.text ?? ""}`,
      args: also?.args ?? [],
      onOutput: (answer, session) => {
        came = readLook(answer);
        if (came.installer) also?.onOutput(answer, session);
      },
    },
    login: {
      ...login,
      port,
      password: undefined,
      keysOnly: true,
      temporaryKey,
      // The image carries the host keys over; the one that was shown may lie elsewhere than they do.
      expectedHostKeys: hostKeys,
      expectedFingerprint: fingerprint,
      // The system is another one, the processor is the same.
      aes: image.facts.aes,
    },
    timeout,
    // Where the user's own key may do, an image that did not take ours over is asked once.
    ...(temporaryKey && target.method === "publickey" && { refusals: -1 }),
    signal,
    onStayed: (session) => discardKexec(session, image),
  };
  // With flags of the user's, kexec is left to who knows what they mean.
  await using _booting = ended && announced && extraFlags === ""
    ? bootNow(target, image, signal)
    : undefined;
  const installer = await awaitBoot(target, wait).catch((error) => {
    if (!(error instanceof LoginError) || wait.refusals === undefined) throw error;
    report({ type: "log", level: "info", text: `${error.message}: trying your own key` });
    const rest = Math.max(timeout - (performance.now() - began), 1000);
    const own = { ...wait.login, temporaryKey: undefined };
    return awaitBoot(target, { ...wait, login: own, refusals: 20_000, timeout: rest });
  }).catch((error) => {
    throw otherKey(error);
  });
  try {
    if (came.installer) return installer;
    throw new BootError(
      `${label}: came back as ${came.name || "a system without a name"} instead of the installer`,
      {
        outcome: "other",
        hint: "the image's kernel did not start, or the machine was reset: look at its console",
      },
    );
  } catch (error) {
    await installer[Symbol.asyncDispose]();
    throw error;
  }
}

/** With its announcement the script is done, in milliseconds; later than this nothing of it can be heard any more. */
const SCRIPT_ENDS = 10_000;

function lost(label: string): ConnectionError {
  return new ConnectionError(`${label}: the connection was lost during kexec/run`, {
    hint: "check the network and the machine",
  });
}
