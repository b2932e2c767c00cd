/**
 * `nixos-anywhere init`: writes a flake to install a machine with.
 *
 * @module
 */
import { resolve } from "../std_path.ts";
import { askLine } from "../ask.ts";
import { UsageError } from "../errors.ts";
import { escapeControls } from "../escape.ts";
import { type OptionTable, settle } from "../plan/option_table.ts";
import { PHASES } from "../plan/phases.ts";
import { quote, quoteAll } from "../ssh/quote.ts";
import { parseCommandLine } from "./argv.ts";
import type { Terminal } from "./command.ts";
import { flagsOf } from "./flags.ts";
import { Interrupts } from "./interrupts.ts";
import {
  checkDisk,
  checkDisks,
  checkHostname,
  INIT_OPTIONS,
  type InitOptions,
  isHostname,
  LAYOUT_NAMES,
} from "./new_flake/choices.ts";
import { type FlakeChoice, flakeFiles, HARDWARE_FILES } from "./new_flake/flake_text.ts";
import { type LayoutName, LAYOUTS } from "./new_flake/layouts.ts";
import { namedKeys, ownKeys } from "./new_flake/public_keys.ts";
import { mustBeNew, writeNew } from "./new_flake/write_new.ts";
import { outcomeOf } from "./outcome.ts";

/** The options below their heading. */
export const INIT_TABLE: OptionTable = {
  "nixos-anywhere init [DIR]": INIT_OPTIONS as unknown as OptionTable[string],
};

/**
 * Writes the flake that the words ask for, and prints the commands that come next. On a terminal it asks what
 * the words leave open. No file is overwritten. Returns the exit code.
 */
export async function init(words: readonly string[], terminal: Terminal): Promise<number> {
  using interrupts = new Interrupts(terminal.exit);
  const { signal } = interrupts;
  try {
    const { options } = parseCommandLine<InitOptions>(words, INIT_TABLE);
    if (options.help) terminal.print(initHelp());
    else await make(options, terminal, signal);
    return 0;
  } catch (failure) {
    const outcome = outcomeOf(signal.aborted ? signal.reason : failure, "uncontacted", PHASES);
    terminal.printError(`error: ${outcome.error}`);
    for (const hint of outcome.hints) terminal.printError(`hint: ${hint}`);
    return outcome.code;
  }
}

async function make(given: InitOptions, terminal: Terminal, signal: AbortSignal): Promise<void> {
  const options = settle(given, INIT_OPTIONS) as InitOptions;
  const dir = options.dir?.replace(/(?<=.)\/+$/, "") ?? ".";
  if (dir === "" || /\p{Cc}/u.test(dir)) {
    throw new UsageError(`${JSON.stringify(dir)} is no folder`, { hint: "name a new folder" });
  }
  await mustBeNew(dir, FILES);
  const asks = !options.yes && Deno.stdin.isTerminal();
  if (options.disks && (options.layout || !asks)) {
    checkDisks(options.layout ?? DEFAULT_LAYOUT, options.disks);
  }
  const ask: Ask = (question, known, other, read) =>
    known ?? (asks ? askFor(question, other, read, terminal, signal) : read(other));
  const { keys, from } = options.keys ? await namedKeys(options.keys) : await ownKeys(signal);
  const choice = await choose(options, dir, keys, ask);
  await writeNew(dir, flakeFiles(choice));
  for (const name of FILES) terminal.printError(`wrote ${escapeControls(dir)}/${name}`);
  const { hostname, name, layout, disks } = choice;
  const named = disks.filter((disk) => disk !== undefined);
  const on = named.length > 0 ? ` on ${named.join(" ")}` : "";
  terminal.printError(`machine ${hostname}, configuration ${name}, layout ${layout}${on}`);
  terminal.printError(`root is let in with the keys of ${from}`);
  if (options.disks === undefined) terminal.printError(`notice: ${aboutDisks(named)}`);
  for (const line of await nextCommands(dir, choice)) terminal.print(line);
}

const DEFAULT_LAYOUT: LayoutName = "plain";

/** What a flake is made of. */
const FILES = ["flake.nix", "configuration.nix", "disk-config.nix"];

/** Takes an answer, or throws a {@linkcode UsageError}. */
type Read<T> = (answer: string) => T;

/** What is known; else the answer to a question, of which `other` is the one that nobody has to type. */
type Ask = <T>(
  question: string,
  known: T | undefined,
  other: string,
  read: Read<T>,
) => T | Promise<T>;

function aboutDisks(named: readonly string[]): string {
  if (named.length === 0) {
    return "no disk is named yet, and nothing can be installed before: put its name into disk-config.nix";
  }
  return `all data on ${
    named.join(" and ")
  } will be wiped: compare with \`ssh root@ADDRESS lsblk\`, and ` +
    "change disk-config.nix if need be";
}

/** The answer that leaves the disks for later: a guess could be the disk of somebody's data. */
const LATER = "later";

async function choose(
  options: InitOptions,
  dir: string,
  keys: readonly string[],
  ask: Ask,
): Promise<FlakeChoice> {
  const folder = resolve(dir).split("/").at(-1) ?? "";
  const named = [options.name, folder].find((name) => name !== undefined && isHostname(name));
  const hostname = await ask("Name of the machine", options.hostname, named ?? "server", (name) => {
    return checkHostname(name);
  });
  const layout = await askLayout(options.layout, ask);
  const unnamed = Array.from({ length: LAYOUTS[layout].disks[0] }, () => undefined);
  type Disks = FlakeChoice["disks"];
  const disks = await ask<Disks>(whichDisks(layout), options.disks, LATER, (answer) => {
    if (answer === LATER) return unnamed;
    return checkDisks(layout, answer.split(/[ ,]+/).filter(Boolean).map(checkDisk));
  });
  return {
    name: options.name ?? hostname,
    hostname,
    layout,
    disks: options.disks ? checkDisks(layout, options.disks) : disks,
    keys,
    hardware: options.hardware ?? INIT_OPTIONS.hardware.default,
    system: options.system ?? INIT_OPTIONS.system.default,
    hostId: crypto.randomUUID().slice(0, 8),
  };
}

function whichDisks(layout: LayoutName): string {
  const [atLeast, atMost] = LAYOUTS[layout].disks;
  return atMost === 1
    ? "Disk to wipe"
    : `Disks to wipe, ${atLeast} to ${atMost} with spaces between them`;
}

async function askLayout(known: LayoutName | undefined, ask: Ask): Promise<LayoutName> {
  const list = LAYOUT_NAMES.map((name) => `  ${name.padEnd(8)}  ${LAYOUTS[name].about}\n`).join("");
  return await ask(`Layouts of disks:\n${list}Layout`, known, DEFAULT_LAYOUT, (answer) => {
    const layout = LAYOUT_NAMES.find((name) => name === answer);
    if (layout) return layout;
    throw new UsageError(`${JSON.stringify(answer)} is none of them`, {
      hint: `use one of ${LAYOUT_NAMES.join(", ")}`,
    });
  });
}

/** Asks until the answer is right, three times at most. No answer is the one that is shown. */
async function askFor<T>(
  question: string,
  other: string,
  read: Read<T>,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<T> {
  for (let tries = 1;; tries++) {
    const line = await askLine(`${question} [${other}]: `, signal);
    if (line === undefined) {
      throw new UsageError("the input ended at a question, and nothing was written", {
        hint: "run it again; what options answer is not asked: nixos-anywhere init --help",
      });
    }
    const answer = line.trim() || other;
    try {
      return read(answer);
    } catch (error) {
      if (!(error instanceof UsageError) || tries === 3) throw error;
      terminal.printError(`${escapeControls(error.message)}: ${escapeControls(error.hint)}`);
    }
  }
}

/** The command lines that come next: two, and before them one that shows the disks where none is named. */
async function nextCommands(dir: string, choice: FlakeChoice): Promise<readonly string[]> {
  const { hardware, name, disks } = choice;
  const git = await isInGit(dir) ? [`git add ${FILES.join(" ")}`] : [];
  // An option of cd, or the folder before, would begin with a dash.
  const folder = dir.startsWith("-") ? `./${dir}` : dir;
  const enter = resolve(dir) === Deno.cwd() ? [] : [`cd ${quote(folder)}`];
  const generated = hardware === "none"
    ? []
    : ["--generate-hardware-config", hardware, HARDWARE_FILES[hardware]];
  return [
    "next:",
    ...(disks.includes(undefined) ? ["  ssh root@ADDRESS ls -l /dev/disk/by-id"] : []),
    `  ${[...enter, ...git, "nix flake lock"].join(" && ")}`,
    `  nixos-anywhere --flake ${quoteAll([`.#${name}`, ...generated])} root@ADDRESS`,
  ];
}

/** Whether a folder is in a work tree of git: of that a flake has only the files that git knows. */
async function isInGit(dir: string): Promise<boolean> {
  for (let folder = resolve(dir);; folder = resolve(folder, "..")) {
    if (await Deno.stat(`${folder}/.git`).then(() => true, () => false)) return true;
    if (folder === "/") return false;
  }
}

/** The text of `nixos-anywhere init --help`. */
export function initHelp(): string {
  const options = flagsOf(INIT_OPTIONS as unknown as OptionTable[string])
    .flatMap(({ usage, meaning }) => [`  ${usage}`, `        ${meaning}`]);
  return [
    "nixos-anywhere init: write a flake to install a machine with",
    "",
    "Usage: nixos-anywhere init [OPTIONS] [DIR]",
    "",
    "Writes flake.nix, configuration.nix and disk-config.nix into DIR (default: this",
    "folder), overwrites nothing, and says what to run next. On a terminal it asks",
    "what the options leave open.",
    "",
    "Layouts:",
    ...LAYOUT_NAMES.map((name) => `  ${name.padEnd(8)}  ${LAYOUTS[name].about}`),
    "",
    "Options:",
    ...options,
  ].join("\n");
}
