/**
 * Lays a checkout of the real standard library out as a registry, so that the contract tests can be
 * held against it on a machine without JSR:
 *
 * ```sh
 * deno run -A tests/jsr/real.ts CHECKOUT OUT
 * JSR_URL=file:///path/of/OUT/ deno test -A tests/jsr
 * ```
 *
 * CHECKOUT is a clone of the library's repository, OUT a folder outside of this one. The packages
 * this project imports are copied, and those that they import themselves.
 *
 * @module
 */

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

interface Package {
  readonly name: string;
  readonly version: string;
  readonly exports: string | Record<string, string>;
}

/** An import between packages. The import map of this project does not hold inside of them. */
const IMPORT = /(\bfrom\s*|\bimport\s*\(?\s*)"(@std\/[\w-]+)((?:\/[\w-]+)*)"/g;

async function readJson<T>(url: URL): Promise<T> {
  return JSON.parse(await Deno.readTextFile(url)) as T;
}

async function* sources(folder: URL): AsyncGenerator<URL> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const url = new URL(encodeURIComponent(name) + (isDirectory ? "/" : ""), folder);
    if (isDirectory && name !== "testdata") yield* sources(url);
    else if (/(?<!_test)\.ts$|^_.*\.json$/.test(name)) yield url;
  }
}

/** Copies one package; gives the names of those that it imports. */
async function copy(name: string, checkout: URL, out: URL): Promise<string[]> {
  const from = packageFolder(name, checkout);
  const { version, exports } = await readJson<Package>(new URL("deno.json", from));
  const home = new URL(`${name}/`, out);
  const needed = new Set<string>();
  for await (const source of sources(from)) {
    const target = new URL(`${version}/${source.href.slice(from.href.length)}`, home);
    const text = (await Deno.readTextFile(source)).replaceAll(IMPORT, (_, start, pkg, rest) => {
      if (pkg !== name) needed.add(pkg);
      return `${start}"jsr:${pkg}${rest}"`;
    });
    await Deno.mkdir(new URL(".", target), { recursive: true });
    await Deno.writeTextFile(target, text);
  }
  const write = (file: string, content: unknown) =>
    Deno.writeTextFile(new URL(file, home), JSON.stringify(content, null, 2));
  await write("meta.json", { versions: { [version]: {} } });
  await write(`${version}_meta.json`, {
    manifest: {},
    exports: typeof exports === "string" ? { ".": exports } : exports,
  });
  console.log(`${name} ${version}`);
  return [...needed];
}

function packageFolder(name: string, checkout: URL): URL {
  return new URL(`${name.replace("@std/", "").replaceAll("-", "_")}/`, checkout);
}

function folder(path: string): URL {
  return new URL(`${pathToFileURL(resolve(path)).href}/`);
}

if (import.meta.main) {
  const [checkout, out] = Deno.args;
  if (!checkout || !out) {
    console.error("usage: deno run -A tests/jsr/real.ts CHECKOUT OUT");
    Deno.exit(2);
  }
  const config = new URL("../../deno.json", import.meta.url);
  const { imports } = await readJson<{ imports: Record<string, string> }>(config);
  const wanted = Object.keys(imports).filter((name) => name.startsWith("@std/"));
  const done = new Set<string>();
  for (let name = wanted.pop(); name; name = wanted.pop()) {
    if (done.has(name)) continue;
    done.add(name);
    wanted.push(...await copy(name, folder(checkout), folder(out)));
  }
}
