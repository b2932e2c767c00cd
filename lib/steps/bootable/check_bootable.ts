/**
 * Whether the machine will find the system that was installed, before it is told to boot it.
 *
 * @module
 */
import { AnswerError, BootError, CommandError, DeadlineError } from "../../errors.ts";
import { escapeControls } from "../../escape.ts";
import { entriesOf, type Entry, type LoaderFile, shownPath } from "../../plan/boot_entries.ts";
import { type StorePath, storePath } from "../../plan/store_path.ts";
import type { RemoteOptions, Session } from "../../ssh/session.ts";
import { FILES_THERE, SEARCH } from "./search.ts";

/** What is known of an installed system: it boots, or it cannot be told and `why`. */
export type BootCheck =
  | { readonly answer: "boots" }
  | { readonly answer: "unknown"; readonly why: string };

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
    if (found.boots) return { answer: "boots" };
    const entries = found.files.flatMap((file) => entriesOf(file, found.names));
    const pairs = entries.flatMap(({ folder, names }) => names.map((name) => [folder, name]));
    const args = [found.mounts.join("\n"), ...pairs.slice(0, MAX_NAMES).flat()];
    const there = pairs.length === 0 ? [] : await ask(FILES_THERE, args);
    const numbers = new Set(there);
    let at = 0;
    const judged = entries.map((entry) => ({
      entry,
      lost: entry.names.filter(() => ++at <= MAX_NAMES && !numbers.has(`there ${at}`)),
    }));
    if (judged.some(({ entry, lost }) => certain(entry) && lost.length === 0)) {
      return { answer: "boots" };
    }
    const why = found.unknown ?? judged.map(doubtOf).find((doubt) => doubt !== undefined);
    if (why !== undefined) return { answer: "unknown", why };
    const [first] = judged;
    const text = first === undefined
      ? "nothing in the file systems below /mnt names it"
      : `${first.entry.file} names ${
        escapeControls(first.lost[0]?.slice(0, 200) ?? "")
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
  /** Whether a link that the kernel starts leads to the system. */
  boots: boolean;
  unknown: string | undefined;
}

function readSearch(lines: readonly string[]): Search {
  const found: Search = {
    ...{ troubles: [], mounts: [], files: [], names: [], boots: false, unknown: undefined },
  };
  let current: string[] | undefined;
  for (const line of lines) {
    const [, word = "", value = ""] = /^(\S+) ?(.*)$/.exec(line) ?? [];
    if (word === "|") current?.push(value);
    else if (word === "trouble") found.troubles.push(escapeControls(value.slice(0, 500)));
    else if (word === "unknown") found.unknown ??= escapeControls(value.slice(0, 500));
    else if (word === "variable") {
      found.unknown ??= `only the firmware's ${shownPath(value)} names it`;
    } else if (word === "mount") found.mounts.push(value);
    else if (word === "name") found.names.push(value);
    else if (word === "link") found.boots = true;
    else if (word === "text" || word === "image") {
      current = [];
      found.files.push({ path: value, kind: word, lines: current });
    }
  }
  return found;
}
