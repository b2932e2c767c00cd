/**
 * Getting a kexec image onto a target.
 *
 * @module
 */
import { Scope } from "../../deadline.ts";
import { AnswerError, DeadlineError } from "../../errors.ts";
import { Gauge, type Link } from "../../copy/link.ts";
import {
  IMAGE_PARENTS,
  type ImageRoute,
  imageRoute,
  imageStream,
  sparingRoute,
  unpackCommand,
} from "../../files/image.ts";
import { becomeRoot, type Facts } from "../../plan/facts.ts";
import { defaultImage, type ImageSource, parseImage } from "../../plan/image.ts";
import { TROUBLES } from "../../plan/troubles.ts";
import { getFacts } from "../../ssh/facts.ts";
import type { Session } from "../../ssh/session.ts";

/** How an image gets onto a target; everything has a default. */
export interface UploadOptions {
  /** The image: a local file or a URL. @default the published image for the target's architecture */
  readonly image?: string | ImageSource | undefined;
  /** The SHA-256 that the image must have, in hexadecimal digits. @default not checked */
  readonly sha256?: string | undefined;
  /** What is known of the target. @default asked for */
  readonly facts?: Facts | undefined;
  /** How long the upload may take, in milliseconds. @default 3_600_000 */
  readonly deadline?: number;
  /** Called when an upload failed and nothing of it is left on the target. */
  readonly onRemoved?: (() => void) | undefined;
  /** Ends the wait, and what runs here, when aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** An unpacked image on a target. */
export interface RemoteKexec {
  /** The folder on the target that holds `kexec/run`; only root can look into it. */
  readonly folder: string;
  /** What was known of the target. */
  readonly facts: Facts;
  /** What the upload has told of the link, if it was long enough for that. */
  readonly link?: Link;
}

/**
 * Unpacks a kexec image on a target, into a new folder that only root can read. A local file streams
 * into tar there; a URL is fetched by the target itself. What gzip has made hardly smaller, or the target
 * cannot unpack, is unpacked here on the way. How fast it went is told for {@linkcode copyClosure}.
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
  const { deadline = 3_600_000, sha256, signal } = options;
  const source = typeof options.image === "string" ? parseImage(options.image) : options.image ??
    defaultImage(facts.arch, target.label);
  const route = await sparingRoute(source, imageRoute(source, facts, target.label, sha256));
  // Named from here, so that it can be removed even when its name was never heard back.
  const name = `nixos-anywhere.${crypto.randomUUID()}`;
  const command = unpackCommand(source, route, name, sha256);
  const run = {
    become: becomeRoot(facts),
    deadline,
    hint: unpackHint(source, facts),
    called: unpackByHand(source, route.fetch),
    ...(signal && { signal }),
  };
  // Fetching it here may never end either.
  using scope = new Scope(signal).limit(deadline, () =>
    new DeadlineError(
      `${target.label}: the image did not arrive within ${deadline / 1000} s`,
      { hint: unpackHint(source, facts) },
    ));
  let link: Link | undefined;
  const unpack = async () => {
    if (route.fetch !== "here") return await target.run(command, { ...run, tied: true });
    const stream = await imageStream(source, route, target.report, scope.signal);
    const gauge = new Gauge();
    const done = await target.pipe(stream.pipeThrough(gauge.passing()), command, run);
    link = gauge.link();
    return done;
  };
  const { stdout } = await unpack().catch(async (error) => {
    const folders = IMAGE_PARENTS.map((parent) => `${parent}/${name}`);
    await removeThere(target, folders, facts).then(options.onRemoved, () => {});
    throw error;
  });
  const folder = /^unpacked (\/[A-Za-z0-9/._-]+)$/m.exec(stdout)?.[1];
  if (folder === undefined) {
    throw new AnswerError(`${target.label}: the image was not unpacked: no answer`, {
      hint: TROUBLES.facts.hint,
    });
  }
  return { folder, facts, ...(link && { link }) };
}

/** What a person could type in the place of our script; an address is shown without login and query. */
function unpackByHand({ kind, location }: ImageSource, fetch: ImageRoute["fetch"]): string {
  const name = kind === "file" ? location : new URL(location).pathname;
  if (fetch === "here") return `sh -c 'tar -xf ${name.slice(name.lastIndexOf("/") + 1)}'`;
  const { origin, pathname } = new URL(location);
  return `sh -c '${fetch} ${origin}${pathname} | tar -xf -'`;
}

function unpackHint(source: ImageSource, { ipv6Only }: Facts): string {
  if (ipv6Only && source.location.startsWith("https://github.com/")) {
    const path = source.location.slice("https://github.com/".length);
    return `the target has IPv6 only, and github.com has none: try --kexec https://gh-v6.com/${path}, or a local file`;
  }
  return "check the image, the space in /root and the network";
}

/** Removes an image that will not be booted from the target again. */
export async function discardKexec(target: Session, { folder, facts }: RemoteKexec): Promise<void> {
  await removeThere(target, [folder], facts);
}

async function removeThere(
  target: Session,
  folders: readonly string[],
  facts: Facts,
): Promise<void> {
  await target.run(["rm", "-rf", "--", ...folders], {
    become: becomeRoot(facts),
    deadline: 5000,
    evenIfAborted: true,
  });
}
