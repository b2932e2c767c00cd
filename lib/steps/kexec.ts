/**
 * Booting a target into an installer.
 *
 * The contract of a kexec image: `kexec/run` in it gathers root's (and the sudo user's) authorized keys,
 * the host keys and the addresses, loads the installer's kernel, says `machine will boot into nixos in
 * 6s...` and boots it six seconds later. The installer then lets root in with those keys.
 *
 * @module
 */
import { Scope } from "../deadline.ts";
import { BootError, CommandError, ConnectionError } from "../errors.ts";
import { escapeControls } from "../escape.ts";
import { becomeRoot } from "../plan/facts.ts";
import { kexecHint } from "../plan/kexec_words.ts";
import { awaitBoot } from "../ssh/boot.ts";
import { READ_RELEASE } from "../ssh/release.ts";
import type { Errand } from "../ssh/errand.ts";
import type { Session } from "../ssh/session.ts";
import { discardKexec, type RemoteKexec } from "./kexec/upload.ts";
import { authorize, makeTemporaryKey, needsTemporaryKey, revoke } from "../ssh/temporary_key.ts";

/** What logs root in to an installer that is about to be booted. */
export interface WayBack {
  /** The host keys that it has to show one of, each `TYPE BASE64`. */
  readonly hostKeys: readonly string[];
  /** The fingerprint of one more. */
  readonly fingerprint: string | undefined;
  /** A key of our own, where the user logged in without one. */
  readonly privateKey?: string;
}

/** How the installer is booted and logged in to; everything has a default. */
export interface KexecOptions {
  /** The installer's ssh port. @default 22 */
  readonly port?: number | undefined;
  /** Flags for kexec itself, handed to the image's script as one argument. @default "" */
  readonly extraFlags?: string | undefined;
  /** Called before the boot with what logs in afterwards: the host keys, and our own key if there is one. */
  readonly keep?:
    | ((installer: WayBack) => Promise<void>)
    | undefined;
  /** What is done in the installer, together with the look what it is. @default nothing */
  readonly also?: Errand | undefined;
  /** How long the image's script may take, in milliseconds. @default 300_000 */
  readonly scriptDeadline?: number | undefined;
  /** How long until the installer has to be up, in milliseconds. @default 600_000 */
  readonly deadline?: number | undefined;
  /** Ends the wait, and what runs here, when aborted. */
  readonly signal?: AbortSignal | undefined;
}

// The folder holds the machine's private host keys from here on: it goes when kexec fails.
const RUN = `
folder=$1 flags=$2
cd "$folder"
trap 'rm -rf "$folder"' EXIT
script=
trap '[ -z "$script" ] || kill -s TERM -- "-$script" || :; exit 143' TERM
status=0
if [ -n "$flags" ]; then
  TMPDIR=$folder setsid --wait "$folder/kexec/run" --kexec-extra-flags "$flags" &
else
  TMPDIR=$folder setsid --wait "$folder/kexec/run" &
fi
script=$!
wait "$script" || status=$?
[ "$status" != 0 ] || trap - EXIT
exit "$status"
`;

/**
 * Boots an unpacked image and returns a new session, as root on the installer. The session of the old
 * system is disposed of. The target's disks are not touched; all that ran on it ends.
 *
 * The installer has to show one of the host keys that the target had. Throws a
 * {@linkcode CommandError} if the image's script fails, a {@linkcode BootError} if the machine stays as it
 * is, comes back as something else, or does not come back, and a {@linkcode HostIdentityError} if it shows
 * another key.
 *
 * @example
 * ```ts ignore
 * await using installer = await runKexec(target, await uploadKexec(target), { port: 22 });
 * ```
 */
export async function runKexec(
  target: Session,
  image: RemoteKexec,
  options: KexecOptions = {},
): Promise<Session> {
  const { port = 22, extraFlags = "", deadline = 600_000, signal } = options;
  const { keep, also, scriptDeadline = 300_000 } = options;
  const { report, label } = target;
  let announced = false;
  const key = needsTemporaryKey(target) ? await makeTemporaryKey(signal) : undefined;
  await keep?.({
    hostKeys: image.facts.hostKeys,
    fingerprint: target.fingerprint,
    ...(key && { privateKey: key.privateKey }),
  });
  if (key) await authorize(target, key);
  try {
    using running = new Scope(signal);
    await target.script(RUN, {
      name: "kexec/run",
      called: `kexec/run in ${image.folder}`,
      inline: true,
      tied: true,
      args: [image.folder, extraFlags],
      become: becomeRoot(image.facts),
      deadline: scriptDeadline,
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
  } catch (error) {
    // What was announced comes, however the script ended; the network may be gone before that is heard of.
    const over = error instanceof ConnectionError || error instanceof CommandError;
    if (!announced || !over) throw error;
  } finally {
    // The image has it by now, and the system on the disk shall not keep it.
    if (key) await revoke(target, key).catch(() => {});
  }
  const { host } = target.destination;
  const { fingerprint, options: login } = target;
  const { hostKeys } = image.facts;
  let came = { name: "", installer: false };
  const installer = await awaitBoot(target, {
    previous: image.facts.bootId,
    expected: "the installer",
    destination: { host, user: "root", port },
    errand: {
      name: "look at the installer",
      text: `${LOOK}${also?.text ?? ""}`,
      args: also?.args ?? [],
      answered: (answer, session) => {
        came = readLook(answer);
        if (came.installer) also?.answered(answer, session);
      },
    },
    login: {
      ...login,
      port,
      password: undefined,
      keysOnly: true,
      ...(key && { privateKey: key.privateKey, identityFile: undefined }),
      // The image carries the host keys over; the one that was shown may lie elsewhere than they do.
      expectedHostKeys: hostKeys,
      expectedFingerprint: fingerprint,
    },
    deadline,
    signal,
    onStayed: (session) => discardKexec(session, image),
  });
  try {
    if (key) await revoke(installer, key);
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

// What is behind it is done only in an installer.
const LOOK = `
${READ_RELEASE}
printf 'name %s\\nvariant %s\\n' "$release_name" "$release_variant"
[ "$release_variant" = installer ] || exit 0
`;

function readLook(answer: string): { name: string; installer: boolean } {
  const name = escapeControls(/^name (.{0,300})$/m.exec(answer)?.[1] ?? "");
  return { name, installer: /^variant installer$/m.test(answer) };
}
