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
  /** Whether only its beginning was read. Default: false */
  readonly cut?: boolean;
}

/** How an entry starts a kernel, where that is all it does: kexec can do it as well. */
export interface Start {
  /** The kernel, one of the entry's names. */
  readonly kernel: string;
  /** The initrds, of its names too; the kernel is given all of them, in this order. */
  readonly initrds: readonly string[];
  /** The kernel's command line. */
  readonly parameters: string;
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
  /** How the kernel is started, or why that is not known. */
  readonly start: Start | { readonly why: string };
}

interface Format {
  /** Matches the path of the loader's configuration. */
  readonly path: RegExp;
  /** Matches the first line of each entry; without it the whole file is one. */
  readonly start?: RegExp;
  /** Whether the kernel's parameters stand behind the kernel, as words of a shell. Default: in a line of their own */
  readonly shell?: true;
}

const FORMATS: readonly Format[] = [
  {
    path: /\/(grub[^/]*\.cfg|menu\.lst|grub\.conf)$/i,
    start: /^\s*(menuentry|submenu|title)\b/,
    shell: true,
  },
  { path: /\/entries\/[^/]*\.conf$/i },
  { path: /\/(ext|sys|iso|pxe)linux[^/]*\.(conf|cfg)$/i, start: /^\s*label\s/i },
  { path: /\/limine\.(conf|cfg)$/i, start: /^\s*[/:]/ },
  { path: /\/refind[^/]*\.conf$/i, start: /^\s*(sub)?menuentry\b/i },
];

// One file follows, or, for an initrd, several.
const WORD =
  /^\s*(linux|linuxefi|linux16|kernel|multiboot2?|module2?|xen_hypervisor|xen_module|loader|kernel_path|module_path|efi|uki|initrd|initrdefi|initrd16)[\s:=]+(.*)$/i;
const LIMINE_PATH = /^\s*(path)\s*:\s*(.*)$/i;

const ASSIGNMENT = /^\s*([a-z][a-z0-9_-]*)[\s:=]+(.*)$/i;
const KERNEL = /^(linux|linuxefi|linux16|kernel|kernel_path|loader|path)$/i;
const INITRD = /^(initrd|initrdefi|initrd16|module_path)$/i;
const PARAMETERS = /^(options|append|cmdline|kernel_cmdline)$/i;
/** What kexec does not hand on. */
const MORE: readonly (readonly [word: RegExp, what: string])[] = [
  [/^(multiboot2?|module2?|xen_\w+|efi|uki|chainloader)$/i, "another program before the kernel"],
  [/^(devicetree(dir|-overlay)?|fdt(dir|overlays)?|dtb_path)$/i, "a device tree"],
];
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
    const start = { why: `${shown} is a program, whose kernel is not known` };
    const names = [...new Set(files.map(plain))];
    return [{ file: shown, folder, names, doubt, complete: true, start }];
  }
  const format = FORMATS.find(({ path }) => path.test(file.path));
  const entries = format?.start ? split(lines, format.start) : [lines];
  return entries.flatMap((entry, index): Entry[] => {
    if (!entry.some(starts)) {
      const doubt = `${shown} only mentions it`;
      return entry.some((line) => line.includes(names[0] ?? file.path))
        ? [{ file: shown, folder, names: [], doubt, complete: false, start: { why: doubt } }]
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
    const why = doubt ??
      (file.cut && index === entries.length - 1
        ? `${shown} is too long to be read to its end`
        : undefined);
    const start = why === undefined ? startOf(entry, { format, names, shown }) : { why };
    return [{
      ...{ file: shown, folder, names: [...new Set(tokens.map(plain))], complete, start },
      ...(doubt !== undefined && { doubt }),
    }];
  });
}

/** How an entry starts the kernel, where that is all it does. */
function startOf(
  lines: readonly string[],
  { format, names, shown }: {
    readonly format: Format | undefined;
    readonly names: readonly string[];
    readonly shown: string;
  },
): Entry["start"] {
  const kernels: string[] = [];
  const initrds: string[] = [];
  const parameters: string[] = [];
  for (const line of lines) {
    const [, word = "", rest = ""] = ASSIGNMENT.exec(line) ?? [];
    const more = MORE.find(([known]) => known.test(word)) ??
      (/^protocol$/i.test(word) && rest.trim() !== "linux" ? MORE[0] : undefined);
    if (more) return { why: `${shown} starts it with ${more[1]}` };
    const files = filesOf(line, format).map(plain);
    if (KERNEL.test(word)) {
      kernels.push(...files);
      if (format?.shell) parameters.push(...wordsOf(rest).slice(1).map(quoted));
    } else if (INITRD.test(word)) initrds.push(...files);
    else if (PARAMETERS.test(word) && !format?.shell) parameters.push(unquoted(rest.trim()));
  }
  const [kernel, ...others] = kernels;
  if (kernel === undefined || others.length > 0) {
    return { why: `${shown} names ${kernel === undefined ? "no kernel" : "several kernels"}` };
  }
  const text = parameters.join(" ");
  const words = text.split(/\s+/);
  if (!words.some((word) => names.some((name) => word === `init=${name}/init`))) {
    return { why: `${shown} does not tell the kernel's parameters in a way that is known here` };
  }
  const expands = format?.shell && text.includes("$");
  if (expands || words.some((word) => word.startsWith("initrd="))) {
    return { why: `${shown} has parameters that only the boot loader understands` };
  }
  return { kernel, initrds, parameters: text };
}

/** A word of GRUB's shell as GRUB hands it to the kernel. */
function quoted(word: string): string {
  return /\s/.test(word) ? `"${word}"` : word;
}

/** A value that as a whole is in quotes, without them: rEFInd doubles those inside. */
function unquoted(value: string): string {
  const inside = /^"((?:[^"]|"")*)"$/.exec(value)?.[1];
  return inside === undefined ? value : inside.replaceAll('""', '"');
}

/**
 * Whether a boot loader that has a file for each entry boots this one by default: `patterns` are what its own
 * configuration names, with `*` and `?`. A counter of tries in the file's name does not matter.
 */
export function isDefault(file: string, patterns: readonly string[]): boolean {
  const name = file.slice(file.lastIndexOf("/") + 1).replace(/\+\d+(-\d+)?(?=\.\w+$)/, "");
  return patterns.some((pattern) => {
    const parts = pattern.split(/\*+/);
    // Each star more makes a long name slower to compare.
    if (parts.length > 4) return false;
    const literals = parts.map((part) =>
      part.replace(/[\\^$+.()|{}[\]]/g, "\\$&").replaceAll("?", ".")
    );
    return new RegExp(`^${literals.join(".*")}(\\.conf|\\.efi)?$`, "i").test(name);
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
