/**
 * The task changelog: CHANGELOG's list of changes since the last version, made from the titles of commits.
 *
 * A title is `area: change`. What was written by hand below `## Unreleased` stays above the list.
 *
 * @module
 */
import { ROOT } from "../checks/sources.ts";

/** Areas of no use to who installs machines: what is in them below a folder is left out too. */
const LEFT_OUT = new Set(
  "tests test bench checks faults demo picture pages examples docs README readme lib/README CHANGELOG changelog CONTRIBUTING SECURITY"
    .split(" "),
);

/** A list of changes by their area. */
export type Changes = ReadonlyMap<string, readonly string[]>;

/** The changes that titles tell, areas and changes without doubles; those without an area are `Other`. */
export function readChanges(titles: readonly string[]): Changes {
  const changes = new Map<string, string[]>();
  for (const title of titles) {
    const [, areas = "", change = title] = AREAS.exec(title) ?? [];
    const kept = areas.split(/, */).filter((area) =>
      !LEFT_OUT.has(area) && !LEFT_OUT.has(area.split("/")[0] ?? "")
    );
    // What is said of tests and of the code is of the code.
    const [area] = kept;
    if (area === undefined) continue;
    const name = area === "" ? OTHER : area;
    const list = changes.get(name) ?? [];
    if (!list.includes(change)) list.push(change);
    changes.set(name, list);
  }
  const order = (name: string) => name === OTHER ? 1 : 0;
  return new Map(
    [...changes].toSorted(([a], [b]) => order(a) - order(b) || (a < b ? -1 : 1)),
  );
}

const OTHER = "Other";

/** `ssh: …`, `boot check: …`, `README, lib/copy: …`: an area is no sentence. */
const AREAS = /^((?:[a-z][\w/-]*(?: [a-z]+)?|[A-Z]+)(?:, (?:[a-z][\w/-]*|[A-Z]+))*): (.+)$/;

/** The changes as Markdown, in which nothing of a title is more than text. */
export function showChanges(changes: Changes): string {
  return [...changes].map(([area, list]) =>
    `- **${escape(area)}**\n${list.map((change) => `  - ${escape(change)}\n`).join("")}`
  ).join("");
}

function escape(text: string): string {
  // Code stays code, where its end is there.
  return text.split(/(`[^`]+`)/).map((part, at) =>
    at % 2 === 1 ? part : part.replaceAll(/[\\`*_[\]<>#]/g, "\\$&")
  ).join("");
}

const BEGIN = "<!-- changes: made by deno task changelog -->";
const END = "<!-- /changes -->";

/** A changelog whose `## Unreleased` has these changes, in the place of those that it had. */
export function withChanges(changelog: string, changes: Changes): string {
  const [, before, section, after] =
    /^([^]*?^## Unreleased$)([^]*?)(^## [^]*|(?![^]))/m.exec(changelog) ?? [];
  if (before === undefined || section === undefined) {
    throw new Error("there is no heading `## Unreleased` in the changelog");
  }
  const begin = section.indexOf(BEGIN);
  const own = (begin < 0 ? section : section.slice(0, begin)).trim();
  const list = changes.size === 0 ? "" : `${BEGIN}\n\n${showChanges(changes)}\n${END}`;
  const parts = [before, own, list, after ?? ""].filter((part) => part !== "");
  return `${parts.join("\n\n").trimEnd()}\n`;
}

/** The titles of the commits since the last tag of a version, or all, the oldest first; merges are none. */
export async function titlesSince(folder: string): Promise<string[]> {
  const last = await git(folder, "describe", "--tags", "--abbrev=0", "--match", "v*")
    .catch(() => undefined);
  const range = last === undefined ? "HEAD" : `${last.trim()}..HEAD`;
  const words = ["log", "--no-merges", "--reverse", "--format=%s", range, "--"];
  return (await git(folder, ...words)).split("\n").filter((title) => title !== "");
}

async function git(folder: string, ...words: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("git", {
    args: ["-C", folder, ...words],
    stdin: "null",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr).trim());
  return new TextDecoder().decode(stdout);
}

if (import.meta.main) {
  const [folder = decodeURIComponent(ROOT.pathname)] = Deno.args;
  const file = `${folder}/CHANGELOG.md`;
  const changes = readChanges(await titlesSince(folder));
  await Deno.writeTextFile(file, withChanges(await Deno.readTextFile(file), changes));
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", file] }).output();
}
