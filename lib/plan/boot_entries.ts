/**
 * What a boot loader's files say of a system: which of their entries start it, and which files these name. Pure: what
 * is there and what is not is asked elsewhere.
 *
 * @module
 */
import { escapeControls } from "../escape.ts";

/** A file below /mnt that names the system, with its lines. */
export interface LoaderFile {
  /** Its path, `/mnt/…`. */
  readonly path: string;
  /** `image`: a program, and the lines are the readable strings in it that matter. */
  readonly kind: "text" | "image";
  readonly lines: readonly string[];
}

/** An entry that starts the system. */
export interface Entry {
  /** The file it is in, as the new system sees it. */
  readonly file: string;
  /** The folder of that file, below /mnt. */
  readonly folder: string;
  /** Kernel, initrd and whatever else has to be there, as the loader names them, without devices. */
  readonly names: readonly string[];
  /** Why it is not certain that one of the names which is not there is really missed. */
  readonly doubt?: string;
  /** Whether an entry without any names is known to be complete. */
  readonly complete: boolean;
}

interface Format {
  /** Matches the path of the loader's configuration. */
  readonly path: RegExp;
  /** Matches the first line of each entry; without it the whole file is one. */
  readonly start?: RegExp;
}

const FORMATS: readonly Format[] = [
  { path: /\/(grub[^/]*\.cfg|menu\.lst|grub\.conf)$/i, start: /^\s*(menuentry|submenu|title)\b/ },
  { path: /\/entries\/[^/]*\.conf$/i },
  { path: /\/(ext|sys|iso|pxe)linux[^/]*\.(conf|cfg)$/i, start: /^\s*label\s/i },
  { path: /\/limine\.(conf|cfg)$/i, start: /^\s*[/:]/ },
  { path: /\/refind[^/]*\.conf$/i, start: /^\s*(sub)?menuentry\b/i },
];

// One file follows, or, for an initrd, several.
const WORD =
  /^\s*(linux|linuxefi|linux16|kernel|multiboot2?|module2?|xen_hypervisor|xen_module|loader|kernel_path|module_path|efi|uki|initrd|initrdefi|initrd16)[\s:=]+(.*)$/i;
const LIMINE_PATH = /^\s*(path)\s*:\s*(.*)$/i;
const COMMENT = /^\s*(#(?!!)|;|\/\/ )/;

/**
 * The entries of a file that start the system. `names` are the ways to call the system, its store path first. What only
 * mentions it, and does not start it as far as can be seen, is an entry with a doubt.
 */
export function entriesOf(file: LoaderFile, names: readonly string[]): Entry[] {
  const shown = shownPath(file.path);
  const folder = file.path.slice(0, file.path.lastIndexOf("/"));
  const lines = file.lines.filter((line) => !COMMENT.test(line));
  const starts = (line: string) => names.some((name) => line.includes(`${name}/init`));
  if (file.kind === "image") {
    if (!lines.some(starts)) return [];
    const files = lines.flatMap((line) => line.match(/\\EFI\\nixos\\[\w.+-]+/gi) ?? []);
    const doubt =
      `${shown} is a program that starts it, and seems to name files that are not there`;
    return [{ file: shown, folder, names: [...new Set(files.map(plain))], doubt, complete: true }];
  }
  const format = FORMATS.find(({ path }) => path.test(file.path));
  const entries = format?.start ? split(lines, format.start) : [lines];
  return entries.flatMap((entry): Entry[] => {
    if (!entry.some(starts)) {
      return entry.some((line) => line.includes(names[0] ?? file.path))
        ? [{ file: shown, folder, names: [], doubt: `${shown} only mentions it`, complete: false }]
        : [];
    }
    const tokens = entry.flatMap((line) => filesOf(line, format));
    const variable = tokens.find((token) => plain(token).includes("$"));
    const doubt = format === undefined
      ? `${shown} is of a boot loader that is not known here`
      : variable === undefined
      ? undefined
      : `${shown} names ${escapeControls(variable.slice(0, 200))}, which is not known here`;
    // The firmware of a Raspberry Pi has kernel and initrd by fixed names; an init script needs none.
    const complete = /\/cmdline\.txt$|\/init$/.test(file.path) || isInitScript(entry, names);
    return [{
      ...{ file: shown, folder, names: [...new Set(tokens.map(plain))], complete },
      ...(doubt !== undefined && { doubt }),
    }];
  });
}

/** A path below /mnt as the new system sees it, for messages. */
export function shownPath(path: string): string {
  return escapeControls(path.replace(/^\/mnt(?=\/)/, "").slice(0, 300));
}

function isInitScript(lines: readonly string[], names: readonly string[]): boolean {
  return lines.some((line) => names.some((name) => line.trim() === `exec ${name}/init`));
}

function split(lines: readonly string[], start: RegExp): string[][] {
  const entries: string[][] = [[]];
  for (const line of lines) {
    if (start.test(line)) entries.push([]);
    entries.at(-1)!.push(line);
  }
  return entries;
}

function filesOf(line: string, format: Format | undefined): string[] {
  const limine = format?.path.test("/limine.conf") ?? false;
  const [, word = "", rest = ""] = WORD.exec(line) ?? (limine ? LIMINE_PATH.exec(line) : null) ??
    [];
  if (word === "") return [];
  const tokens = wordsOf(rest).filter((token) => !token.startsWith("--") && token !== "");
  if (!/^initrd/i.test(word)) return tokens.slice(0, 1);
  return tokens.flatMap((token) => plain(token).split(",")).filter((token) => token !== "");
}

/** Words with the quotes and backslashes of GRUB's shell; a backslash before a letter is EFI's slash. */
function wordsOf(text: string): string[] {
  const words = text.match(/(?:"[^"]*"|'[^']*'|\\[^\w]|[^\s"'])+/g) ?? [];
  return words.map((word) => word.replace(/["']/g, "").replace(/\\([^\w\\])/g, "$1"));
}

/** A file's name without the devices that only the loader knows: `(hd0,1)`, `($drive1)`, `boot():`; and limine's hash. */
function plain(token: string): string {
  return token
    .replaceAll("\\", "/")
    .replace(/^\([^)]*\)/, "")
    .replace(/^[a-z]+\([^)]*\):/i, "")
    .replace(/#[0-9a-f]{128}$/i, "")
    .replace(/^\/+/, "");
}
