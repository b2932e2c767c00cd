/**
 * Building on a target.
 *
 * @module
 */
import { AnswerError } from "../errors.ts";
import { readPaths } from "../nix/build.ts";
import { settingArgs } from "../nix/command.ts";
import type { StorePath } from "../plan/store_path.ts";
import type { Session } from "../ssh/session.ts";
import { copyClosure, type CopyOptions } from "./closure.ts";

/** How a derivation is built on a target; everything has a default. */
export interface BuildThereOptions extends CopyOptions {
  /** How long the build may take, in milliseconds; the copy of what it needs has its own limit, `stall`. */
  readonly deadline?: number | undefined;
}

/**
 * Builds a derivation of this machine's store in a store of the target, under `root` there, and returns
 * its output. Evaluated is here, and only once; sources and derivations go over in one stream, those that
 * are there already not again, and the target builds by itself.
 *
 * Throws what {@linkcode copyClosure} does, and a {@linkcode CommandError} if the build fails.
 */
export async function buildThere(
  session: Session,
  derivation: StorePath,
  options: BuildThereOptions = {},
): Promise<StorePath> {
  const { root = "/", deadline, signal, printBuildLogs = false } = options;
  const { report = session.report } = options;
  // No cache has derivations.
  await copyClosure(session, derivation, { ...options, deadline: undefined, substitute: false });
  const store = root === "/" ? [] : ["--store", `local?root=${root}`];
  const quiet = printBuildLogs ? [] : ["--no-build-output"];
  const command = ["nix-store", ...store, "--realise", ...quiet, ...settingArgs(options)];
  const { stdout } = await session.run([...command, derivation], {
    tied: true,
    hint: "-L shows the whole logs of builds; --build-on local builds here",
    onLine: (line, stream) => {
      if (stream === "stderr") report({ type: "output", source: "nix", line });
    },
    ...(deadline !== undefined && { deadline }),
    ...(signal && { signal }),
  });
  // Of a store below a folder, some versions name the file, others the path in the store.
  const paths = root === "/" ? stdout : stdout.replaceAll(`${root}/nix/store/`, "/nix/store/");
  const [output] = readPaths(paths, 1);
  if (output !== undefined) return output;
  throw new AnswerError(`${session.label}: the build had no output`, { hint: "--debug shows it" });
}
