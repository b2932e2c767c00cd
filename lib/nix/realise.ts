/**
 * Building derivations on this machine.
 *
 * @module
 */
import { AnswerError, InstallError } from "../errors.ts";
import { type FlakeRef, installable } from "../plan/flake.ts";
import { isStorePath, type StorePath } from "../plan/store_path.ts";
import { stamping } from "../report/events.ts";
import { nixCommand, type NixOptions, runNix, settingArgs } from "./command.ts";

/**
 * Builds derivations on this machine (or its remote builders) and returns their outputs in the same
 * order. By derivation, since the answer of `nix build --json` cannot be told apart in nix 2.8, and
 * `nix-store --realise` has had the same meaning in every version. As long as links to the outputs are in the
 * folder `roots`, nothing collects them as garbage.
 */
export async function buildHere(
  derivations: readonly string[],
  options: NixOptions & { readonly roots?: string | undefined } = {},
): Promise<readonly StorePath[]> {
  const { roots } = options;
  const quiet = options.printBuildLogs ? [] : ["--no-build-output"];
  const link = roots === undefined ? [] : ["--add-root", `${roots}/built`];
  const command = ["nix-store", "--realise", ...link, ...quiet, ...settingArgs(options)];
  const { stdout } = await runNix([...command, ...derivations], options, { stage: "build" });
  if (roots === undefined) return readPaths(stdout, derivations.length);
  // nix prints the links, not what they lead to, and writes the folder in its own way.
  const links = stdout.split("\n").filter((line) => line !== "");
  const paths = await Promise.all(
    links.map((path) => isStorePath(path) ? path : Deno.readLink(path).catch(() => path)),
  );
  return readPaths(paths.join("\n"), derivations.length);
}

/** A folder for links to store paths, which keep them from the collector until `stack` is disposed of. */
export async function rootsFolder(stack: AsyncDisposableStack): Promise<string> {
  const roots = await Deno.makeTempDir({ prefix: "nixos-anywhere-" });
  stack.defer(() => Deno.remove(roots, { recursive: true }).catch(() => {}));
  return roots;
}

/**
 * Keeps store paths of this machine from the collector as long as links to them are in the folder `roots`. What cannot be
 * kept is left to luck, as it was.
 */
export async function keepHere(
  paths: readonly StorePath[],
  options: NixOptions & { readonly roots: string },
): Promise<void> {
  const { roots, settings = [], signal, report } = options;
  // It is here, or is not fetched for this.
  const offline = { ...options, settings: [...settings, { name: "substitute", value: "false" }] };
  const link = ["--add-root", `${roots}/kept`];
  const command = ["nix-store", "--realise", ...link, ...settingArgs(offline), ...paths];
  try {
    await runNix(command, { ...offline, timeout: 60_000 }, { quiet: true });
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof InstallError)) throw error;
    const text = `the collector may take what is to be copied: ${error.message}`;
    stamping(report)({ type: "log", level: "debug", text });
  }
}

/** Builds an attribute of the configuration's `system.build` on this machine, with its whole log. */
export async function buildLogged(
  flake: FlakeRef,
  attribute: string,
  options: NixOptions = {},
): Promise<StorePath> {
  const target = installable(flake, "system", "build", attribute);
  const args = ["--json", "--no-link", "--no-write-lock-file", "--print-build-logs", target];
  const command = nixCommand("build", args, options);
  const logged = { ...options, printBuildLogs: true };
  return readBuild((await runNix(command, logged, { stage: "build" })).stdout);
}

/** Reads the one output path out of `nix build --json`. */
export function readBuild(json: string): StorePath {
  try {
    const [first] = JSON.parse(json) as { outputs: { out: string } }[];
    return readPaths(first?.outputs.out ?? "", 1)[0] as StorePath;
  } catch {
    throw nonsense(json);
  }
}

/** Reads store paths, one a line; an empty answer never passes for a result. */
export function readPaths(text: string, count: number): readonly StorePath[] {
  const paths = text.split("\n").filter((line) => line !== "");
  if (paths.length !== count || !paths.every(isStorePath)) throw nonsense(text);
  return paths;
}

function nonsense(answer: string): AnswerError {
  const said = answer.trim() === "" ? "nothing" : JSON.stringify(answer.trim().slice(0, 120));
  return new AnswerError(`nix built ${said} where a store path was expected`, {
    hint: "run the command with --debug and try its nix command by hand",
  });
}
