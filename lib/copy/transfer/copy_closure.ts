/**
 * Copying closures to a target.
 *
 * @module
 */
import { AnswerError, CommandError, UsageError } from "../../errors.ts";
import type { NixOptions } from "../../nix/command.ts";
import type { Setting } from "../../plan/options.ts";
import { type StorePath, storePath } from "../../plan/store_path.ts";
import { TIMEOUTS } from "../../plan/timeouts.ts";
import { type Reporter, stamping } from "../../report/events.ts";
import { Stages } from "../../report/stages.ts";
import type { Session } from "../../ssh/session.ts";
import { copyByNix } from "./nix_copy.ts";
import { copyByStream } from "./stream_copy.ts";

/** How a closure is copied; everything has a default. */
export interface CopyOptions {
  /** The folder that is `/` for the store that is filled. Default: "/" */
  readonly root?: string | undefined;
  /** The store to copy from, as nix addresses it. Default: this machine's */
  readonly from?: string | undefined;
  /** Whether the target may fetch paths from its substituters instead. Default: true */
  readonly substitute?: boolean | undefined;
  /** Settings for the end of the store's address, such as `compress` `true`. Default: [] */
  readonly storeSettings?: readonly Setting[] | undefined;
  /** Whether the store is known to be new: nothing is asked before something is sent. Default: false */
  readonly fresh?: boolean | undefined;
  /** What is known of the link to the target. Default: measured */
  readonly link?:
    | { readonly rate?: number | undefined; readonly rtt?: number | undefined }
    | undefined;
  /** The words that make a command run as root, for a session of another user: the copy needs it. Default: [] */
  readonly become?: readonly string[] | undefined;
  /**
   * How long nothing may move before the copy is given up, in milliseconds; plain `nix copy`, which does not
   * tell, ends by nix's own timeouts and with the connection. Default: {@linkcode TIMEOUTS}.copy
   */
  readonly stall?: number | undefined;
  /** Nix options for every nix command. Default: [] */
  readonly nixOptions?: readonly Setting[] | undefined;
  /** How long the copy may take, in milliseconds. Default: as long as something moves */
  readonly timeout?: number | undefined;
  /** Ends the copy when aborted. */
  readonly signal?: AbortSignal | undefined;
  /** Hears of what happens. Default: who hears of the session */
  readonly report?: Reporter | undefined;
}

/**
 * Copies store paths and everything they refer to into a store of the target; paths that are there
 * already stay. With `root: "/mnt"` the store of the system that is being installed is filled.
 *
 * What is missing is asked for at once; what the target's substituters have it fetches itself; the rest
 * travels in one stream, compressed when the link is slow, into a `nix-store --serve` on the target, which
 * adds path by path and is asked at the end whether all are there: what has arrived before an interruption is not sent again. Where that is not possible (another
 * source store, settings for the store's address, no nix-store that understands) plain `nix copy` does it.
 * Signatures are not demanded: who may log in as root may add any path.
 *
 * Throws a {@linkcode CommandError} with nix's message if a path is missing here or the copy fails, a
 * {@linkcode DeadlineError} if nothing moves any more, and a {@linkcode ConnectionError} if the connection
 * is lost.
 *
 * @example
 * ```ts ignore
 * import { connect, copyClosure } from "@nixos-anywhere/deno";
 * await using installer = await connect("root@203.0.113.7");
 * await copyClosure(installer, "/nix/store/0c8v6a1qzvlkn1rhkd5czbjl0ssbk5ss-nixos-system-web", { root: "/mnt" });
 * ```
 */
export async function copyClosure(
  session: Session,
  path: StorePath | string | readonly (StorePath | string)[],
  { nixOptions, ...options }: CopyOptions = {},
): Promise<void> {
  await copyPaths(session, path, { ...options, settings: nixOptions });
}

/** The same, with what every nix command of an install is told. */
export async function copyPaths(
  session: Session,
  path: StorePath | string | readonly (StorePath | string)[],
  options: Omit<CopyOptions, "nixOptions"> & NixOptions,
): Promise<void> {
  const { root = "/", from, substitute = true, storeSettings = [], link = {} } = options;
  const { fresh = false } = options;
  const { stall = TIMEOUTS.copy } = options;
  const report = options.report ? stamping(options.report, session.label) : session.report;
  const wanted = (typeof path === "string" ? [path] : path).map((one) => storePath(one));
  if (wanted.length === 0) return;
  // What is filled there is the new system.
  if (root !== "/") Stages.of(session.report).reach("installing");
  const stage = root === "/" ? "disko" : "install";
  const plain = (before?: CommandError) =>
    copyByNix(session, wanted, {
      ...options,
      root,
      stage,
      from,
      substitute,
      storeSettings,
      report,
      before,
    });
  if (from !== undefined || storeSettings.some(({ name }) => name !== "compress")) return plain();
  try {
    const copied = await copyByStream(session, wanted, {
      ...options,
      ...{ root, substitute, fresh, link, stall, stage, report },
    });
    const { paths, sent, substituted } = copied;
    const text = `${sent} of ${paths} store paths sent, ${substituted} fetched by the target`;
    report({ type: "log", level: "debug", text });
  } catch (error) {
    // What nix itself cannot do either, it says best itself.
    const other = error instanceof AnswerError || error instanceof CommandError ||
      error instanceof UsageError;
    if (!other) throw error;
    const text = `${session.label}: copying with plain nix copy: ${error.message}`;
    report({ type: "log", level: "warning", text });
    await plain(error instanceof CommandError ? error : undefined);
  }
}
