/**
 * The pages of examples/, and what can be asked of their Markdown.
 *
 * @module
 */
import { ROOT } from "../checks/sources.ts";
import { blocks } from "../readme/markdown.ts";

/** A page: its path from the project's root, and its text. */
export interface Page {
  readonly path: string;
  readonly text: string;
}

/** README and every page of examples/. */
export async function readPages(): Promise<readonly Page[]> {
  const paths = ["README.md"];
  for await (const { name } of Deno.readDir(new URL("examples/", ROOT))) {
    if (name.endsWith(".md")) paths.push(`examples/${name}`);
  }
  return await Promise.all(
    paths.sort().map(async (path) => ({
      path,
      text: await Deno.readTextFile(new URL(path, ROOT)),
    })),
  );
}

/** What stands outside of code blocks. */
export function prose(text: string): string {
  return text.replaceAll(/^```.*?^```$/gms, "");
}

/** The anchors of a page, as GitHub makes them of its headings. */
export function anchors(text: string): readonly string[] {
  const headings = prose(text).matchAll(/^#{1,6} (.+)$/gm);
  return Array.from(
    headings,
    ([, title = ""]) =>
      title.toLowerCase().replaceAll(/[`*]|[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-"),
  );
}

/** The links of a page to files here and to its own headings, as they are written. */
export function localLinks(text: string): readonly string[] {
  return Array.from(prose(text).matchAll(/\]\(([^)\s]+)\)/g), ([, link = ""]) => link)
    .filter((link) => !/^[a-z][a-z0-9+.-]*:/i.test(link));
}

/** The shell code of a page as one script, whose blocks stand one behind the other. */
export function script(text: string): string {
  return blocks(text).filter(({ language, marks }) => language === "sh" && marks === "")
    .map(({ code }, at) => `echo "in block ${at + 1}" >&2\n${code}`).join("\n");
}

/** The flags that a text names in code, `--flake`. */
export function namedFlags(text: string): readonly string[] {
  const code = prose(text).matchAll(/`([^`]+)`/g);
  const flags = Array.from(
    code,
    ([, words = ""]) => words.match(/(?<![\w-])--[a-z][a-z0-9-]+/g) ?? [],
  );
  return [...new Set(flags.flat())];
}
