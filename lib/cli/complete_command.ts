/**
 * What a shell's completion asks for while a command line is typed: names that only this machine knows.
 *
 * @module
 */
import { configurationNames } from "../nix/configuration_names.ts";
import { isPermitted } from "../permission.ts";
import { hostFiles, hostNames } from "../ssh/host_names.ts";
import type { Command } from "./command.ts";

/** How long whoever types waits at most, in milliseconds. */
const PATIENCE = 3000;

/** What a name may consist of: anything else would have to be quoted, in each shell in another way. */
const TAME = /^[\p{L}\p{N}_][\p{L}\p{N}_.+-]*$/u;

/** Prints what a word can become, a line each: `hosts WORD` or `flake WORD`. Whatever goes wrong, there is nothing then. */
export const completeCommand: Command = async ([kind = "", word = ""], { print }) => {
  try {
    const found = kind === "hosts" ? await hosts(word) : kind === "flake" ? await flakes(word) : [];
    for (const one of found) if (one.startsWith(word)) print(one);
  } catch {
    // Nobody reads errors while they type.
  }
  return 0;
};

/** The names of machines behind the user that is typed already. */
async function hosts(word: string): Promise<string[]> {
  const home = await variable("HOME");
  if (home === undefined || !(await mayReadAll())) return [];
  const user = /^[^@\s:/]+@/.exec(word)?.[0] ?? "";
  const names = await hostNames(hostFiles(home), { timeout: PATIENCE });
  return names.map((name) => `${user}${name}`);
}

/** The configurations of the flake that is typed already, `URI#`. */
async function flakes(word: string): Promise<string[]> {
  const hash = word.indexOf("#");
  if (hash < 0 || !(await isPermitted("nix"))) return [];
  const typed = word.slice(0, hash);
  // What the shell would still change is not guessed at.
  if (/[\s"'`$\\<>|;&()]/.test(typed)) return [];
  const home = await variable("HOME");
  const url = home === undefined ? typed : typed.replace(/^~(?=\/|$)/, home);
  const names = await configurationNames(url === "" ? "." : url, {
    timeout: PATIENCE,
    signal: AbortSignal.timeout(PATIENCE),
  });
  return names.filter((name) => TAME.test(name)).map((name) => `${typed}#${name}`);
}

/** Deno would ask its user in the middle of the line that is typed. */
async function variable(name: string): Promise<string | undefined> {
  const { state } = await Deno.permissions.query({ name: "env", variable: name });
  return state === "granted" ? Deno.env.get(name) || undefined : undefined;
}

async function mayReadAll(): Promise<boolean> {
  return (await Deno.permissions.query({ name: "read" })).state === "granted";
}
