/**
 * Whether a command line of a page is one that the command takes.
 *
 * @module
 */
import { parseCommandLine } from "../../lib/cli/argv.ts";
import type { Command } from "../../lib/cli/command.ts";
import { COMMANDS } from "../../lib/cli/commands.ts";
import { INIT_TABLE } from "../../lib/cli/init.ts";
import { INIT_OPTIONS, type InitOptions } from "../../lib/cli/new_flake/choices.ts";
import { settle } from "../../lib/plan/option_table.ts";
import { makePlan } from "../../lib/plan/plan.ts";
import {
  makeUpdatePlan,
  UPDATE_TABLE,
  type UpdateSettings,
} from "../../lib/plan/update_options.ts";
import { commandWords, runBlock } from "./shell_block.ts";

/** Throws where the words of a command line are wrong. */
export async function readWords(words: readonly string[]): Promise<void> {
  const [name = "", ...rest] = words;
  if (name === "init") {
    return void settle(parseCommandLine<InitOptions>(rest, INIT_TABLE).options, INIT_OPTIONS);
  }
  if (name === "update") {
    const { options } = parseCommandLine<UpdateSettings>(rest, UPDATE_TABLE);
    return void makeUpdatePlan(options);
  }
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load) return await readFlags(name, rest, await load());
  const { options, notices, envPassword } = parseCommandLine(words);
  if (notices.length > 0) throw new Error(notices.join(", "));
  makePlan({ ...options, ...(envPassword && { password: "secret" }) });
}

/** Another command says in its help which flags it has. */
async function readFlags(name: string, words: readonly string[], command: Command): Promise<void> {
  const said: string[] = [];
  const print = (line: string) => void said.push(line);
  const code = await command(["--help"], {
    print,
    printError: print,
    writeError: print,
    exit: () => {},
  });
  if (code !== 0) throw new Error(`${name} --help ends with ${code}`);
  const flags: readonly string[] = said.join("\n").match(/(?<![\w-])--?[a-zA-Z][a-z0-9-]*/g) ?? [];
  for (const word of words) {
    const [flag = ""] = word.split("=");
    if (flag.startsWith("-") && !flags.includes(flag)) throw new Error(`${name} has no ${flag}`);
  }
}

/** What is wrong with a line of shell code that calls the command, once. */
export async function wrongWith(line: string): Promise<string | undefined> {
  const { calls } = await runBlock(line);
  const [words, ...more] = calls.flatMap((call) => {
    const words = commandWords(call);
    return words ? [words] : [];
  });
  if (!words || more.length > 0) return `it calls nixos-anywhere not once: ${line}`;
  return await readWords(words).then(() => undefined, (error) => `${line}: ${error}`);
}
