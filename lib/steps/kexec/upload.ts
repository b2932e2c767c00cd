/**
 * Getting a kexec image onto a target.
 *
 * @module
 */
import { Scope } from "../../async.ts";
import {
  AnswerError,
  CommandError,
  DeadlineError,
  InstallError,
  InterruptedError,
  UsageError,
} from "../../errors.ts";
import type { Link } from "../../copy/policy.ts";
import { BrakeWatch } from "../../copy/transfer/brake_watch.ts";
import { leastRoundTrip, LinkMeter } from "../../copy/transfer/link_meter.ts";
import { cachedDownload } from "../../files/download.ts";
import {
  chooseFetcher,
  type Fetcher,
  imageStream,
  openImage,
  unpacksHere,
} from "../../files/image_stream.ts";
import { checkImage } from "../../files/image_check.ts";
import {
  CANNOT_FETCH,
  IMAGE_PARENTS,
  readFetching,
  shownUnpack,
  unpackScript,
} from "../../files/image_script.ts";
import { becomeRoot, type Facts } from "../../plan/facts.ts";
import { defaultImage, type ImageSource, parseImage, showImage } from "../../plan/image.ts";
import { TROUBLES } from "../../plan/troubles.ts";
import { TIMEOUTS } from "../../plan/timeouts.ts";
import { getFacts } from "../../ssh/get_facts.ts";
import { Stages } from "../../report/stages.ts";
import type { Session } from "../../ssh/session.ts";
import { removeThere } from "./remove_folders.ts";

/** How an image gets onto a target; everything has a default. */
export interface UploadOptions {
  /** The image: a local file or a URL. Default: the published image for the target's architecture */
  readonly image?: string | ImageSource | undefined;
  /** The SHA-256 that the image must have, in hexadecimal digits. Default: not checked */
  readonly sha256?: string | undefined;
  /** What is known of the target. Default: asked for */
  readonly facts?: Facts | undefined;
  /** How long the upload may take, in milliseconds. Default: {@linkcode TIMEOUTS}.image */
  readonly timeout?: number | undefined;
  /** Ends the wait, and what runs here, when aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** An unpacked image on a target. */
export interface RemoteKexec {
  /** The folder on the target that holds `kexec/run`; only root can look into it. */
  readonly folder: string;
  /** What was known of the target. */
  readonly facts: Facts;
  /** What the upload has told of the link, if it was long enough for that: bytes a second, milliseconds there and back. */
  readonly link?: { readonly rate?: number | undefined; readonly rtt?: number | undefined };
}

/**
 * Unpacks a kexec image on a target, into a new folder that only root can read. A local file streams
 * into tar there; a URL is fetched by the target itself or, where it cannot, here. What gzip has made hardly
 * smaller, or the target cannot unpack, is unpacked here on the way. How fast it went is told for {@linkcode copyClosure}.
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
  const { timeout = TIMEOUTS.image, sha256, signal } = options;
  const source = typeof options.image === "string" ? parseImage(options.image) : options.image ??
    defaultImage(facts.arch, target.label);
  const fetch = chooseFetcher(source, facts, target.label, sha256);
  const stages = Stages.of(target.report);
  stages.reach("image");
  // Named from here, so that it can be removed even when its name was never heard back.
  const name = `nixos-anywhere.${crypto.randomUUID()}`;
  const hint = unpackHint(source, facts);
  // Fetching it here may never end either.
  using scope = new Scope(signal).limit(timeout, () => {
    const text = `${target.label}: the image did not arrive within ${timeout / 1000} s`;
    return new DeadlineError(text, { hint });
  });
  const within = scope.signal;
  const upload = { target, facts, source, sha256, name, hint, timeout, signal, within };
  const send = async () => {
    const there = fetch === "here" ? undefined : await fetchThere(upload, fetch);
    if (typeof there === "string") return { facts, folder: there };
    return { facts, ...await sendFromHere(upload, there) };
  };
  try {
    return await stages.run("image", send, signal);
  } catch (error) {
    const folders = IMAGE_PARENTS.map((parent) => `${parent}/${name}`);
    // After a failure or an interruption the target may be unpacking still.
    const ended = signal?.aborted && !(signal.reason instanceof InterruptedError);
    const removed = await removeThere(target, folders, facts, { mayBegin: ended === true })
      .then(() => true, () => false);
    if (removed && ended) stages.reach("untouched");
    // A command that ended with the scope ended for the scope's reason.
    signal?.throwIfAborted();
    throw error;
  }
}

interface Upload {
  readonly target: Session;
  readonly facts: Facts;
  readonly source: ImageSource;
  readonly sha256: string | undefined;
  readonly name: string;
  readonly hint: string;
  readonly timeout: number;
  /** The caller's signal, for commands, which have the timeout themselves. */
  readonly signal: AbortSignal | undefined;
  /** Aborted at the timeout too, for all else. */
  readonly within: AbortSignal;
}

/** KiB that the published image takes: an estimate for what has a URL. */
const PUBLISHED_KIB = 600_000;

/**
 * Lets the target fetch and unpack the image, and returns its folder; or how that failed, where this machine may
 * be able to: certificates that are too old, no DNS, no way out.
 */
async function fetchThere(
  { target, facts, source, sha256, name, hint, timeout, signal }: Upload,
  fetch: Exclude<Fetcher, "here">,
): Promise<string | CommandError> {
  const { compression, location } = source;
  const url = new URL(location).href.replaceAll("\\", "%5C");
  let [done, total] = [0, 0];
  const onLine = (line: string) => {
    const told = readFetching(line);
    total = told.total ?? total;
    if (told.done === undefined) return;
    done = Math.max(done, told.done);
    // What is unpacked may be more than what was fetched.
    const far = total > 0 ? { done: Math.min(done, total), total } : { done };
    target.report({ type: "progress", stage: "image", what: "image", ...far });
  };
  try {
    const text = unpackScript({ fetch, compression, digest: sha256 !== undefined });
    const { stdout } = await target.script(text, {
      args: [url, name, sha256 ?? "", String(PUBLISHED_KIB)],
      become: becomeRoot(facts),
      shown: shownUnpack(fetch, compression, showImage(source)),
      killOnDisconnect: true,
      timeout,
      hint,
      onLine,
      signal,
    });
    if (total > 0) {
      target.report({ type: "progress", stage: "image", what: "image", done: total, total });
    }
    return folderOf(stdout, target);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const why = CANNOT_FETCH.exec(error.output)?.[1];
    if (why === undefined) throw error;
    warn(target, `cannot fetch the image (${why}): it is fetched here and sent`);
    return error;
  }
}

/** Sends the image from this machine, fetched here first where it has a URL. */
async function sendFromHere(
  { target, facts, source, sha256, name, hint, timeout, signal, within }: Upload,
  failedThere?: CommandError,
): Promise<{ folder: string; link?: Link }> {
  const path = source.kind === "file"
    ? source.location
    : await cachedDownload(source, target.report, within).catch((error) => {
      within.throwIfAborted();
      if (failedThere === undefined) throw error;
      warn(target, `this machine cannot fetch the image either: ${error.message}`);
      throw failedThere;
    });
  if (source.kind === "url") {
    const fetched = { ...source, location: path };
    await checkImage(fetched, sha256, within, showImage(source)).catch(async (error) => {
      // Not to be taken from the cache again.
      await Deno.remove(path).catch(() => {});
      if (!(error instanceof UsageError)) throw error;
      throw new InstallError(error.message, { hint: error.hint, cause: error });
    });
  }
  using image = await openImage(path);
  const unpack = unpacksHere(image, facts);
  const compression = unpack ? "none" : image.compression;
  using meter = new LinkMeter((rate) =>
    new BrakeWatch(target, { rate, rtt: leastRoundTrip(target.roundTrip), signal: within })
  );
  const stream = imageStream(image, { unpack, sha256, report: target.report, signal: within });
  const room = String(Math.ceil(1.1 * image.unpacked / 1024));
  const code = unpackScript({ fetch: "here", compression, digest: false });
  const { stdout } = await target.pipe(
    stream.pipeThrough(meter.passing()),
    ["sh", "-euc", code, "unpack", "", name, "", room],
    {
      become: becomeRoot(facts),
      shown: shownUnpack("here", compression, path),
      timeout,
      hint,
      signal,
    },
  );
  const link = meter.link();
  return { folder: folderOf(stdout, target), ...(link && { link }) };
}

function folderOf(stdout: string, { label }: Session): string {
  const folder = /^unpacked (\/[A-Za-z0-9/._-]+)$/m.exec(stdout)?.[1];
  if (folder !== undefined) return folder;
  throw new AnswerError(`${label}: the image was not unpacked: no answer`, {
    hint: TROUBLES.facts.hint,
  });
}

function warn({ label, report }: Session, text: string): void {
  report({ type: "log", level: "warning", text: `${label}: ${text}` });
}

function unpackHint(source: ImageSource, { ipv6Only }: Facts): string {
  if (ipv6Only && source.location.startsWith("https://github.com/")) {
    const path = source.location.slice("https://github.com/".length);
    return `the target has IPv6 only, and github.com has none: try --kexec https://gh-v6.com/${path}, or a local file`;
  }
  return `check the image, the network, and the space in ${IMAGE_PARENTS.join(", ")}`;
}
