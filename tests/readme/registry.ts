/**
 * A registry in a folder that has this package as if it were published, for command lines and scripts
 * that name it by its published name.
 *
 * @module
 */
import { ROOT } from "../checks/sources.ts";

interface Settings {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, string>>;
  readonly imports: Readonly<Record<string, string>>;
  readonly publish: { readonly include: readonly string[] };
}

/** The package's own settings, deno.json. */
export async function readSettings(): Promise<Settings> {
  return JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
}

/**
 * Lays the registry out in `folder` and returns the value for `JSR_URL`. It holds what `deno publish` would
 * take, with the imports written out as that does, and the stand-ins of `@std` beside it.
 */
export async function publishTo(folder: string): Promise<string> {
  const { name, version, exports, imports, publish } = await readSettings();
  const home = `${folder}/${name}`;
  await Deno.mkdir(`${home}/${version}`, { recursive: true });
  await Deno.symlink(new URL("tests/jsr/@std", ROOT), `${folder}/@std`);
  await Deno.writeTextFile(`${home}/meta.json`, JSON.stringify({ versions: { [version]: {} } }));
  const meta = { manifest: {}, exports };
  await Deno.writeTextFile(`${home}/${version}_meta.json`, JSON.stringify(meta));
  const copy = async (path: string): Promise<void> => {
    const [from, to] = [new URL(path, ROOT), `${home}/${version}/${path}`];
    if (!(await Deno.stat(from)).isDirectory) {
      return await Deno.writeTextFile(to, writeOut(await Deno.readTextFile(from), imports));
    }
    await Deno.mkdir(to);
    for await (const entry of Deno.readDir(from)) await copy(`${path}/${entry.name}`);
  };
  for (const path of publish.include) await copy(path);
  return `file://${folder}/`;
}

/** Replaces the short names of imports by what they stand for. */
function writeOut(source: string, imports: Readonly<Record<string, string>>): string {
  return source.replaceAll(/ from "(@std\/\w+)(\/[\w/-]+)?"/g, (whole, short, rest = "") => {
    return imports[short] ? ` from "${imports[short]}${rest}"` : whole;
  });
}
