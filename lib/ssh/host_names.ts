/**
 * The names of machines that the user's ssh configuration and known_hosts files have, to complete one that is typed.
 *
 * @module
 */
import { within } from "../async.ts";
import { dirname, isAbsolute, join } from "../std_path.ts";

/** Where the files are. */
export interface HostFiles {
  /** The user's ssh configuration. */
  readonly config: string;
  /** The folder of the user's files: what an `Include` there is relative to. */
  readonly folder: string;
  /** What `~` stands for. */
  readonly home: string;
  /** The configuration of the machine. */
  readonly systemConfig: string;
  readonly knownHosts: readonly string[];
}

/** The files of the user whose home this is. */
export function hostFiles(home: string): HostFiles {
  return {
    ...{ home, folder: `${home}/.ssh`, config: `${home}/.ssh/config` },
    systemConfig: "/etc/ssh/ssh_config",
    knownHosts: [
      ...[`${home}/.ssh/known_hosts`, `${home}/.ssh/known_hosts2`],
      ...["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"],
    ],
  };
}

/** What may be completed: a name or an address, and nothing that a shell would read as more. */
const NAME = /^[\p{L}\p{N}][\p{L}\p{N}._:%-]{0,252}$/u;
const MAX_FILES = 200;
const MAX_BYTES = 2_000_000;

/**
 * The names, sorted: of `Host` lines those without a wildcard, of known_hosts files those that are not hashed. After `timeout`
 * milliseconds those that are known by then: a home may be a network's, which hangs.
 */
export async function hostNames(
  files: HostFiles,
  { timeout }: { readonly timeout: number },
): Promise<string[]> {
  const names = new Set<string>();
  const seen = new Set<string>();
  let over = false;
  // Each file on its own: one that hangs keeps no other from being read.
  const all = [
    readConfig(files.config, files.folder),
    readConfig(files.systemConfig, dirname(files.systemConfig)),
    ...files.knownHosts.map(readKnown),
  ];
  await within(Promise.all(all), timeout);
  over = true;
  return [...names].filter((name) => NAME.test(name)).sort();

  async function readKnown(path: string): Promise<void> {
    for (const line of await lines(path)) for (const name of knownNames(line)) names.add(name);
  }

  async function readConfig(path: string, folder: string): Promise<void> {
    // A file that includes itself is read once.
    if (over || seen.has(path) || seen.size >= MAX_FILES) return;
    seen.add(path);
    for (const line of await lines(path)) {
      const [keyword = "", ...values] = configWords(line);
      if (/^host$/i.test(keyword)) {
        for (const name of values) if (!/[*?!]/.test(name)) names.add(name);
      } else if (/^include$/i.test(keyword)) {
        for (const pattern of values) {
          for (const one of await matches(absolute(pattern, folder, files.home))) {
            await readConfig(one, folder);
          }
        }
      }
    }
  }
}

/** The words of a line of an ssh configuration: `Host a b`, `Host=a`, with quotes around some. */
export function configWords(line: string): string[] {
  const [, keyword = "", rest = ""] = /^\s*([A-Za-z]+)(?:\s*=\s*|\s+)(.*)$/.exec(line) ?? [];
  if (keyword === "") return [];
  const words: string[] = [];
  for (const [word, quoted] of rest.matchAll(/"([^"]*)"|[^\s"]+/g)) {
    if (word.startsWith("#")) break;
    words.push(quoted ?? word);
  }
  return [keyword, ...words];
}

/** The names of a line of a known_hosts file: `[name]:22` without its port, no patterns, no hashes. */
export function knownNames(line: string): string[] {
  const [first = ""] = line.trim().split(/\s+/);
  if (first === "" || /^[#@|]/.test(first)) return [];
  return first.split(",").filter((name) => !/[*?!|]/.test(name))
    .map((name) => /^\[([^\]]+)\](:\d+)?$/.exec(name)?.[1] ?? name);
}

function absolute(pattern: string, folder: string, home: string): string {
  if (pattern.startsWith("~/")) return join(home, pattern.slice(2));
  return isAbsolute(pattern) ? pattern : join(folder, pattern);
}

/** The files that a pattern with `*` and `?` matches. */
async function matches(pattern: string): Promise<string[]> {
  let found = [""];
  for (const part of pattern.split("/").slice(1)) {
    if (!/[*?]/.test(part)) {
      found = found.map((path) => `${path}/${part}`);
      continue;
    }
    const escaped = part.replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*").replaceAll("?", ".");
    const whole = new RegExp(`^${escaped}$`, "u");
    const below = await Promise.all(found.map(async (path) =>
      (await entries(path || "/"))
        .filter((name) => whole.test(name) && (part.startsWith(".") || !name.startsWith(".")))
        .map((name) => `${path}/${name}`)
    ));
    found = below.flat().sort().slice(0, MAX_FILES);
  }
  return found;
}

async function entries(folder: string): Promise<string[]> {
  try {
    return await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  } catch {
    return [];
  }
}

/** The lines of a file, none where it is not there, is no file, or is too large. */
async function lines(path: string): Promise<string[]> {
  try {
    const { isFile, size } = await Deno.stat(path);
    return isFile && size <= MAX_BYTES ? (await Deno.readTextFile(path)).split(/\r?\n/) : [];
  } catch {
    return [];
  }
}
