/**
 * Whether a flake has the configuration that was asked for, told before anything is contacted.
 *
 * @module
 */
import { CommandError, UsageError } from "../errors.ts";
import { escapeControls } from "../escape.ts";
import { nearest } from "../near.ts";
import type { FlakeRef } from "../plan/flake.ts";
import { TROUBLES } from "../plan/troubles.ts";
import { stamping } from "../report/events.ts";
import { nixCommand, type NixOptions, runNix } from "./command.ts";
import { hintOnFile, whyNoFlake } from "./folder.ts";
import { isFetch, missingFile } from "./hints.ts";

/**
 * Checks that a flake can be read and has the configuration that `flake` names. Only names are evaluated: that
 * takes a fraction of a second for a flake that is here. `expected` is a file that the flake may name though it
 * is made later, as a hardware configuration is.
 *
 * Throws a {@linkcode UsageError} that tells the names there are, and a {@linkcode CommandError} where something
 * could not be fetched.
 */
export async function checkConfiguration(
  flake: FlakeRef,
  options: NixOptions,
  expected?: string,
): Promise<void> {
  const where = escapeControls(flake.url);
  const why = await whyNoFlake(flake);
  if (why !== undefined) {
    throw new UsageError(`--flake: ${where} is no flake: ${why}`, {
      hint:
        "give the folder of a flake.nix, or a flake's address, then # and the configuration's name",
    });
  }
  const [outputs = "", name = ""] = flake.attributes;
  const args = ["--json", "--no-write-lock-file", `${flake.url}#${outputs}`];
  const words = nixCommand("eval", [...args, "--apply", "builtins.attrNames"], options);
  let names: readonly string[] | undefined;
  try {
    const { stdout, untrusted } = await runNix(words, options, { stage: "evaluate" });
    names = readNames(stdout);
    tellUntrusted(untrusted, options);
  } catch (error) {
    if (!(error instanceof CommandError) || error.signal !== null) throw error;
    const { message } = error;
    if (/does not provide attribute/.test(message)) names = [];
    else if (expected !== undefined && message.includes(baseName(expected))) return;
    else if (isFetch(message)) throw error;
    else {
      const file = missingFile(message);
      const hint = file === undefined ? error.hint : await hintOnFile(flake, file);
      throw new UsageError(`--flake: ${where}: ${message}`, { hint, cause: error });
    }
  }
  if (names === undefined || names.includes(name)) return;
  const wanted = escapeControls(`${outputs}.${name}`);
  throw new UsageError(
    `--flake: flake ${where} does not provide attribute ${wanted}: ${namesThereAre(name, names)}`,
    { hint: TROUBLES.attribute.hint },
  );
}

/** nix asks about a flake's settings only on a terminal of its own: what it left out is told here, once. */
function tellUntrusted(untrusted: readonly string[], { report }: NixOptions): void {
  if (untrusted.length === 0) return;
  const names = [...new Set(untrusted)].map(escapeControls).join(", ");
  const text = `the flake's own settings are not used, since nix does not trust them: ${names}; ` +
    "--accept-flake-config uses them";
  stamping(report)({ type: "log", level: "warning", text });
}

/** Reads the names; `undefined` where the answer is of another shape, which decides nothing. */
export function readNames(json: string): readonly string[] | undefined {
  try {
    const names: unknown = JSON.parse(json);
    const fits = Array.isArray(names) && names.every((name) => typeof name === "string");
    return fits ? names : undefined;
  } catch {
    return undefined;
  }
}

/** The names that could be used instead of one that is not there. */
export function namesThereAre(wanted: string, names: readonly string[]): string {
  if (names.length === 0) return "it has no NixOS configurations";
  const shown = (name: string) =>
    escapeControls(/^[\w-]+$/.test(name) ? name : JSON.stringify(name));
  const close = nearest(wanted, names);
  const some = names.slice(0, 20).map(shown).join(", ");
  const more = names.length > 20 ? `, and ${names.length - 20} more` : "";
  return `it has ${some}${more}${close === undefined ? "" : `; did you mean ${shown(close)}?`}`;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
