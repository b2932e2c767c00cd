/**
 * Whether a command line of a page is one that the command takes.
 *
 * @module
 */
import { parseCommandLine } from "../../lib/cli/argv.ts";
import { COMMANDS } from "../../lib/cli/commands.ts";
import { INIT_TABLE } from "../../lib/cli/init.ts";
import { makePlan } from "../../lib/plan/plan.ts";
import { commandWords, runBlock } from "./shell_block.ts";

/** Reads the words of each command besides the install; throws where they are wrong. */
const READERS: Readonly<Record<string, (words: readonly string[]) => void>> = {
  init: (words) => void parseCommandLine(words, INIT_TABLE),
};

/** Throws where the words of a command line are wrong; returns the lines for options that have a successor. */
export function readWords(words: readonly string[]): readonly string[] {
  const [name = ""] = words;
  if (Object.hasOwn(COMMANDS, name)) {
    const read = READERS[name];
    if (!read) throw new Error(`tests/pages/command_line.ts has no reader for ${name}`);
    read(words.slice(1));
    return [];
  }
  if (words.some((word) => ["--help", "--version"].includes(word))) return [];
  const { options, notices, envPassword } = parseCommandLine(words);
  makePlan({ ...options, ...(envPassword && { password: "secret" }) });
  return notices;
}

/** What is wrong with a line of shell code that calls the command, once. */
export async function wrongWith(line: string): Promise<string | undefined> {
  const { calls } = await runBlock(line);
  const [words, ...more] = calls.flatMap((call) => commandWords(call) ? [commandWords(call)] : []);
  if (!words || more.length > 0) return `it calls nixos-anywhere not once: ${line}`;
  try {
    readWords(words);
    return undefined;
  } catch (error) {
    return `${line}: ${error}`;
  }
}
