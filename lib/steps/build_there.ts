/**
 * Building on a target.
 *
 * @module
 */
import { CommandError } from "../errors.ts";
import { readPaths } from "../nix/realise.ts";
import { explain, nixCommand, type NixOptions, settingArgs } from "../nix/command.ts";
import { ActivityLog, JSON_LOG, knowsNoJsonLog, LONGEST_LINE } from "../nix/activity.ts";
import { NixOutput } from "../nix/output.ts";
import { rootedStore, storeArgs } from "../nix/store.ts";
import type { StorePath } from "../plan/store_path.ts";
import type { Session } from "../ssh/session.ts";

/**
 * Copies a derivation with all that it needs from the target's own store into the one below `root`: what
 * another derivation that is built there shares with it need not travel again. Where the target cannot, it
 * is left to travel.
 */
export async function shareThere(
  session: Session,
  derivation: StorePath,
  options: NixOptions & { readonly root: string },
): Promise<void> {
  const to = ["--to", rootedStore(options.root)];
  // Made here, so signed by nobody. nix 2.8 takes a derivation for its output.
  const words = nixCommand("copy", ["--no-check-sigs", "--derivation", ...to, derivation], options);
  const { timeout = 600_000, signal } = options;
  const { code, stderr } = await session.run(words, {
    killOnDisconnect: true,
    allowFailure: true,
    timeout,
    signal,
  });
  if (code === 0) return;
  const text = `${session.label}: nothing is shared by the stores there: ${
    stderr.split("\n").at(-1)
  }`;
  session.report({ type: "log", level: "debug", text });
}

/** Sessions on targets whose nix knows no log that tells what it is at. */
const TOO_OLD = new WeakSet<Session>();

/** What tells what nix is at on a target. */
function told(
  session: Session,
  { root = "/", printBuildLogs: buildLogs }: BuildThereOptions,
): ActivityLog | undefined {
  if (TOO_OLD.has(session)) return undefined;
  const stage = root === "/" ? "disko" : "install";
  return new ActivityLog({ report: session.report, stage, where: session.label, buildLogs });
}

/** How a derivation is built on a target; everything has a default. */
export interface BuildThereOptions extends NixOptions {
  /** The folder that is `/` for the store that it is built in. Default: "/" */
  readonly root?: string | undefined;
  /** The words that make a command run as root. Default: [] */
  readonly become?: readonly string[] | undefined;
}

/**
 * Builds a derivation that is in a store of the target, with all that it needs, and returns its output.
 *
 * Throws a {@linkcode CommandError} if the build fails.
 */
export async function buildThere(
  session: Session,
  derivation: StorePath,
  options: BuildThereOptions = {},
): Promise<StorePath> {
  const { root = "/", become, timeout, signal, printBuildLogs = false } = options;
  const { report } = session;
  const quiet = printBuildLogs ? [] : ["--no-build-output"];
  const command = ["nix-store", ...storeArgs(root), "--realise", ...quiet, ...settingArgs(options)];
  const output = new NixOutput({ report, said: options.said });
  using activity = told(session, options);
  const running = session.run([...command, derivation, ...(activity ? JSON_LOG : [])], {
    ...(activity && { translate: activity.lines, longest: LONGEST_LINE }),
    become,
    killOnDisconnect: true,
    hint: "-L shows the whole logs of builds; --build-on local builds here",
    onLine: (line, stream) => {
      if (stream === "stderr") output.line(line);
    },
    ...(timeout !== undefined && { timeout }),
    signal,
  });
  const { stdout } = await running.catch((error) => {
    if (activity && error instanceof CommandError && knowsNoJsonLog(error.output)) {
      TOO_OLD.add(session);
      return buildThere(session, derivation, options).then((path) => ({ stdout: path }));
    }
    throw error instanceof CommandError ? explain(error, output.failed()) : error;
  });
  output.succeeded();
  // Of a store below a folder, some versions name the file, others the path in the store.
  const paths = root === "/" ? stdout : stdout.replaceAll(`${root}/nix/store/`, "/nix/store/");
  return readPaths(paths, 1)[0]!;
}
