/**
 * Booting a target into an installer.
 *
 * The contract of a kexec image: `kexec/run` in it gathers root's (and the sudo user's) authorized keys,
 * the host keys and the addresses, loads the installer's kernel, says `machine will boot into nixos in
 * 6s...` and boots it six seconds later. The installer then lets root in with those keys.
 *
 * @module
 */
import { BootError, ConnectionError } from "../errors.ts";
import { imageRoute, imageStream, unpackCommand } from "../files/image.ts";
import { becomeRoot, type Facts } from "../plan/facts.ts";
import { defaultImage, type ImageSource, parseImage } from "../plan/image.ts";
import { hintFor, TROUBLES } from "../plan/troubles.ts";
import { awaitBoot } from "../ssh/boot.ts";
import type { Session } from "../ssh/session.ts";
import { authorize, makeTemporaryKey, needsTemporaryKey, revoke } from "../ssh/temporary_key.ts";
import { getFacts } from "../ssh/facts.ts";

/** How an image gets onto a target; everything has a default. */
export interface UploadOptions {
  /** The image: a local file or a URL. @default the published image for the target's architecture */
  readonly image?: string | ImageSource | undefined;
  /** What is known of the target. @default asked for */
  readonly facts?: Facts | undefined;
  /** How long the upload may take, in milliseconds. @default 3_600_000 */
  readonly deadline?: number;
  /** Ends the wait, and what runs here, when aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** An unpacked image on a target. */
export interface RemoteKexec {
  /** The folder on the target that holds `kexec/run`; only root can look into it. */
  readonly folder: string;
  /** What was known of the target. */
  readonly facts: Facts;
}

/** How the installer is booted and logged in to; everything has a default. */
export interface KexecOptions {
  /** The installer's ssh port. @default 22 */
  readonly port?: number | undefined;
  /** Flags for kexec itself, handed to the image's script as one argument. @default "" */
  readonly extraFlags?: string | undefined;
  /** How long until the installer has to be up, in milliseconds. @default 600_000 */
  readonly deadline?: number | undefined;
  /** Ends the wait, and what runs here, when aborted. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Unpacks a kexec image on a target, into a new folder that only root can read. A local file streams
 * into tar there; a URL is fetched by the target itself.
 *
 * Throws a {@linkcode CommandError} if the target cannot unpack it, and a {@linkcode UsageError} if the
 * local file cannot be read.
 *
 * @example
 * ```ts ignore
 * import { connect, runKexec, uploadKexec } from "@nixos-anywhere/deno";
 * await using target = await connect("root@203.0.113.7");
 * const image = await uploadKexec(target, { image: "./kexec-installer.tar.gz" });
 * await using installer = await runKexec(target, image);
 * ```
 */
export async function uploadKexec(
  target: Session,
  options: UploadOptions = {},
): Promise<RemoteKexec> {
  const facts = options.facts ?? await getFacts(target);
  const { deadline = 3_600_000, signal } = options;
  const source = typeof options.image === "string" ? parseImage(options.image) : options.image ??
    defaultImage(facts.arch, target.label);
  const route = imageRoute(source, facts, target.label);
  const command = unpackCommand(source, route);
  const run = {
    become: becomeRoot(facts),
    deadline,
    hint: unpackHint(source, facts),
    ...(signal && { signal }),
  };
  const { stdout } = route.fetch === "here"
    ? await target.pipe(await imageStream(source, route, target.report, signal), command, run)
    : await target.run(command, run);
  const folder = /^unpacked (\/[A-Za-z0-9/._-]+)$/m.exec(stdout)?.[1];
  if (folder === undefined) {
    throw new ConnectionError(`${target.label}: the image was not unpacked: no answer`, {
      hint: TROUBLES.facts.hint,
    });
  }
  return { folder, facts };
}

function unpackHint(source: ImageSource, { ipv6Only }: Facts): string {
  if (ipv6Only && source.location.startsWith("https://github.com/")) {
    const path = source.location.slice("https://github.com/".length);
    return `the target has IPv6 only, and github.com has none: try --kexec https://gh-v6.com/${path}, or a local file`;
  }
  return "check the image, the space in /root and the network";
}

// The folder holds the machine's private host keys from here on: it goes when kexec fails.
const RUN = `
folder=$1 flags=$2
cd "$folder"
trap 'rm -rf "$folder"' EXIT
status=0
if [ -n "$flags" ]; then
  TMPDIR=$folder setsid --wait "$folder/kexec/run" --kexec-extra-flags "$flags" || status=$?
else
  TMPDIR=$folder setsid --wait "$folder/kexec/run" || status=$?
fi
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
  const { report, label } = target;
  let announced = false;
  const key = needsTemporaryKey(target) ? await makeTemporaryKey(signal) : undefined;
  if (key) await authorize(target, key);
  try {
    await target.script(RUN, {
      name: "kexec/run",
      args: [image.folder, extraFlags],
      become: becomeRoot(image.facts),
      deadline: 300_000,
      hint: (output) =>
        hintFor(output, "look at its output; too little memory for the image is the usual cause"),
      onLine: (line) => {
        announced ||= line.includes("machine will boot into nixos");
        report({ type: "output", source: "kexec", line });
      },
      ...(signal && { signal }),
    });
  } catch (error) {
    // The network may be gone before the script's end is heard of.
    if (!announced || !(error instanceof ConnectionError)) throw error;
  } finally {
    // The image has it by now, and the system on the disk shall not keep it.
    if (key) await revoke(target, key).catch(() => {});
  }
  const { host } = target.destination;
  const { fingerprint, options: login } = target;
  const { hostKeys } = image.facts;
  const installer = await awaitBoot(target, {
    previous: image.facts.bootId,
    expected: "the installer",
    destination: { host, user: "root", port },
    login: {
      ...login,
      port,
      password: undefined,
      ...(key && { privateKey: key.privateKey, identityFile: undefined }),
      // The image carries the host keys over. Where they could not be read, the one that was shown has to do.
      ...(hostKeys.length > 0
        ? { expectedHostKeys: hostKeys }
        : { hostKey: fingerprint as `SHA256:${string}` | undefined }),
    },
    deadline,
    signal,
  });
  try {
    const facts = await getFacts(installer);
    if (key) await revoke(installer, key);
    if (facts.installer) return installer;
    throw new BootError(
      `${label}: came back as ${facts.name || "a system without a name"} instead of the installer`,
      {
        outcome: "other",
        hint:
          "the image's kernel did not start, or the machine was reset: look at its console, then try again",
      },
    );
  } catch (error) {
    await installer[Symbol.asyncDispose]();
    throw error;
  }
}
