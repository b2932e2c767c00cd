/**
 * The names of a flake's configurations, to complete one that is typed.
 *
 * @module
 */
import { readNames } from "./check_configuration.ts";
import { nixCommand, type NixOptions, runNix } from "./command.ts";

/**
 * The names of the NixOS configurations of a flake. Fetches nothing, writes no lock file, and gives none where that does not
 * work in time: whoever types waits for it.
 */
export async function configurationNames(
  url: string,
  options: Pick<NixOptions, "signal" | "timeout"> = {},
): Promise<readonly string[]> {
  if (url.startsWith("-") || /\p{Cc}/u.test(url)) return [];
  const args = ["--json", "--offline", "--no-write-lock-file", `${url}#nixosConfigurations`];
  // Nothing is built to learn a name.
  const settings = [{ name: "allow-import-from-derivation", value: "false" }];
  const words = nixCommand("eval", [...args, "--apply", "builtins.attrNames"], { settings });
  try {
    return readNames((await runNix(words, options, { quiet: true })).stdout) ?? [];
  } catch {
    return [];
  }
}
