/** The files of the tree, as paths from its root. */

/** The project's root. */
export const ROOT = new URL("../../", import.meta.url);

/** Every TypeScript file of some files and folders that are there, sorted. */
export async function sources(...places: readonly string[]): Promise<string[]> {
  const found = await Promise.all(places.map((place) => below(place)));
  return found.flat().filter((path) => path.endsWith(".ts")).sort();
}

/** The text of one of them. */
export async function read(path: string): Promise<string> {
  return await Deno.readTextFile(new URL(encodeURI(path), ROOT));
}

async function below(path: string): Promise<string[]> {
  const url = new URL(encodeURI(path), ROOT);
  const info = await Deno.stat(url).catch(() => undefined);
  if (!info?.isDirectory) return info ? [path] : [];
  const names = await Array.fromAsync(Deno.readDir(url), ({ name }) => name);
  return (await Promise.all(names.map((name) => below(`${path}/${name}`)))).flat();
}
