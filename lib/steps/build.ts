/**
 * Building on a target.
 *
 * @module
 */
import { readPaths } from "../nix/build.ts";
import { type NixOptions, settingArgs } from "../nix/command.ts";
import { storeArgs } from "../nix/store.ts";
import type { StorePath } from "../plan/store_path.ts";
import type { Session } from "../ssh/session.ts";

/** How a derivation is built on a target; everything has a default. */
export interface BuildThereOptions extends NixOptions {
  /** The folder that is `/` for the store that it is built in. @default "/" */
  readonly root?: string | undefined;
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
  const { root = "/", deadline, signal, printBuildLogs = false } = options;
  const { report = session.report } = options;
  const quiet = printBuildLogs ? [] : ["--no-build-output"];
  const command = ["nix-store", ...storeArgs(root), "--realise", ...quiet, ...settingArgs(options)];
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
  return readPaths(paths, 1)[0]!;
}
