/**
 * Whether the machine will find the system that was installed, before it is told to boot it.
 *
 * @module
 */
import { AnswerError, BootError, CommandError, DeadlineError } from "../../errors.ts";
import { escapeControls } from "../../escape.ts";
import type { BootCheck, BootEntry } from "../../plan/boot_check.ts";
import {
  entriesOf,
  type Entry,
  isDefault,
  type LoaderFile,
  shownPath,
} from "../../plan/boot_entries.ts";
import { type StorePath, storePath } from "../../plan/store_path.ts";
import type { RemoteOptions, Session } from "../../ssh/session.ts";
import { FILES_THERE, SEARCH } from "./search.ts";

/**
 * Checks that the system profile of /mnt is the installed system, that its kernel and initrd are there, and that
 * something in a file system below /mnt starts it. Changes nothing. What is not understood is reported as a
 * warning and returned as `unknown`: there are more boot loaders than are known here.
 *
 * Throws a {@linkcode BootError} (`stayed`) if the system certainly would not boot: its profile, kernel or initrd is
 * missing, a known loader's entry names files that are nowhere, or nothing names the system at all.
 *
 * @example
 * ```ts ignore
 * import { checkBootable } from "@nixos-anywhere/deno";
 * const { answer } = await checkBootable(installer, system);
 * ```
 */
export async function checkBootable(
  installer: Session,
  system: StorePath | string | undefined,
  options: Pick<RemoteOptions, "timeout" | "signal"> = {},
): Promise<BootCheck> {
  const path = system === undefined ? undefined : storePath(system, "the NixOS system");
  const result = await judge(installer, path, options);
  if (result.answer === "unknown") {
    const text =
      `${installer.label}: whether the installed system boots is not known: ${result.why}`;
    installer.report({ type: "log", level: "warning", text });
  }
  return result;
}

async function judge(
  installer: Session,
  system: StorePath | undefined,
  { timeout = 120_000, signal }: Pick<RemoteOptions, "timeout" | "signal">,
): Promise<BootCheck> {
  const ask = async (text: string, args: readonly string[]) => {
    const { stdout } = await installer.script(text, {
      name: "check boot loader",
      inline: true,
      args,
      timeout,
      signal,
    });
    const answers = stdout.split("\n").flatMap((line) =>
      line.startsWith("boot ") ? [line.slice(5)] : []
    );
    if (answers.at(-1) !== "end") {
      throw new AnswerError("its answer is cut off", { hint: "see what its shell prints" });
    }
    return answers;
  };
  try {
    const found = readSearch(await ask(SEARCH, [system ?? ""]));
    const [trouble] = found.troubles;
    if (trouble !== undefined) throw wontBoot(installer, trouble);
    if (found.link !== undefined) {
      return { answer: "boots", why: `${shownPath(found.link)} leads to it, and to no kernel` };
    }
    const read = found.files.map((file) => ({ file, entries: entriesOf(file, found.names) }));
    const entries = read.flatMap(({ entries }) => entries);
    const pairs = entries.flatMap(({ folder, names }) => names.map((name) => [folder, name]));
    const args = [found.mounts.join("\n"), ...pairs.slice(0, MAX_NAMES).flat()];
    const there = pairs.length === 0 ? [] : await ask(FILES_THERE, args);
    const paths = new Map(there.map((line) => {
      const [, number, path = ""] = /^there (\d+) (\/mnt\/.+)$/.exec(line) ?? [];
      return [Number(number), path];
    }));
    let at = 0;
    const judged = entries.map((entry): Judged => {
      const [files, lost] = [new Map<string, string>(), [] as string[]];
      for (const name of entry.names) {
        const path = paths.get(++at);
        if (path !== undefined) files.set(name, path);
        else if (at <= MAX_NAMES) lost.push(name);
      }
      return { entry, files, lost };
    });
    const proven = judged.filter(({ entry, lost }) => certain(entry) && lost.length === 0);
    if (proven.length > 0) return { answer: "boots", ...entryOf(proven, found.defaults) };
    // It names the system, behind what was read: an image that holds kernel and parameters, or very many entries.
    const unread = read.find(({ file, entries }) => file.cut && entries.length === 0)?.file.path;
    const why = found.unknown ?? judged.map(doubtOf).find((doubt) => doubt !== undefined) ??
      (unread && `${shownPath(unread)} names it, and is too long to be read to its end`);
    if (why !== undefined) return { answer: "unknown", why };
    const [bad] = judged;
    const text = bad === undefined
      ? "nothing in the file systems below /mnt names it"
      : `${bad.entry.file} names ${
        escapeControls(bad.lost[0]?.slice(0, 200) ?? "")
      }, which is missing`;
    throw wontBoot(installer, text);
  } catch (error) {
    signal?.throwIfAborted();
    // A check that fails is no knowledge.
    const no = error instanceof DeadlineError || error instanceof CommandError ||
      error instanceof AnswerError;
    if (!no) throw error;
    return { answer: "unknown", why: `the check could not be made: ${error.message}` };
  }
}

/** Files that are asked for, of all entries together. */
const MAX_NAMES = 400;

/** An entry, where its files are, and which of them are not there. */
interface Judged {
  readonly entry: Entry;
  readonly files: ReadonlyMap<string, string>;
  readonly lost: readonly string[];
}

/** Which of the entries that start the system is booted by default, and how. */
function entryOf(
  proven: readonly Judged[],
  defaults: readonly string[],
): { readonly entry: BootEntry } | { readonly why: string } {
  const one = defaults.length === 0
    ? proven[0]
    : proven.find(({ entry }) => isDefault(entry.file, defaults));
  if (one === undefined) {
    return { why: `the boot loader starts ${shownPath(defaults[0] ?? "")} by default` };
  }
  const { entry: { file, start }, files } = one;
  if ("why" in start) return start;
  const [kernel, ...initrds] = [start.kernel, ...start.initrds].map((name) => files.get(name));
  // More files than were asked for.
  if (kernel === undefined || !initrds.every((path) => path !== undefined)) {
    return { why: `where the files of ${file} are is not known` };
  }
  return { entry: { file, kernel, initrds, parameters: start.parameters } };
}

function certain({ names, complete }: Entry): boolean {
  return complete || names.length > 0;
}

function doubtOf({ entry }: { readonly entry: Entry }): string | undefined {
  if (entry.doubt !== undefined || certain(entry)) return entry.doubt;
  return `${entry.file} starts it, and names neither kernel nor initrd in a way that is known here`;
}

function wontBoot({ label }: Session, trouble: string): BootError {
  return new BootError(`${label}: the installed system would not boot: ${trouble}`, {
    outcome: "stayed",
    hint:
      "the machine stays in the installer: mend the boot loader's configuration and run again with " +
      "--phases install,reboot; if you know that it boots, --phases reboot --force reboots it",
  });
}

interface Search {
  readonly troubles: string[];
  readonly mounts: string[];
  readonly files: LoaderFile[];
  /** What calls the system: its store path, then the links that lead to it. */
  readonly names: string[];
  /** What a boot loader that has a file for each entry boots by default, as its own configuration says. */
  readonly defaults: string[];
  /** The link that leads to the system and is what is started. */
  link: string | undefined;
  unknown: string | undefined;
}

function readSearch(lines: readonly string[]): Search {
  const found: Search = {
    ...{ troubles: [], mounts: [], files: [], names: [], defaults: [] },
    ...{ link: undefined, unknown: undefined },
  };
  let current: LoaderFile & { lines: string[]; cut?: boolean } | undefined;
  for (const line of lines) {
    const [, word = "", value = ""] = /^(\S+) ?(.*)$/.exec(line) ?? [];
    if (word === "|") current?.lines.push(value);
    else if (word === "cut" && current) current.cut = true;
    else if (word === "default") found.defaults.push(value.trim());
    else if (word === "trouble") found.troubles.push(escapeControls(value.slice(0, 500)));
    else if (word === "unknown") found.unknown ??= escapeControls(value.slice(0, 500));
    else if (word === "variable") {
      found.unknown ??= `only the firmware's ${shownPath(value)} names it`;
    } else if (word === "mount") found.mounts.push(value);
    else if (word === "name") found.names.push(value);
    else if (word === "link") found.link = value;
    else if (word === "text" || word === "image") {
      current = { path: value, kind: word, lines: [] };
      found.files.push(current);
    }
  }
  return found;
}
