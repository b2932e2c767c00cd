/**
 * Serves the stand-ins over http the way JSR serves its packages: with the checksums of every file.
 *
 * @module
 */

const FOLDER = new URL("./", import.meta.url);

interface Meta {
  readonly exports: Record<string, string>;
}

/** A registry on a free port of this machine, until it is disposed of. */
export function serveRegistry(
  { without }: { without?: string } = {},
): AsyncDisposable & { readonly url: string } {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname } = new URL(request.url);
    const [, name, file] = /^\/(@std\/\w+)\/(.+)$/.exec(pathname) ?? [];
    const body = name && file && name !== without && await content(`${name}/`, file);
    return body ? new Response(body) : new Response("not here", { status: 404 });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

async function content(folder: string, file: string): Promise<string | undefined> {
  const home = new URL(folder, FOLDER);
  const text = await Deno.readTextFile(new URL(file.replace(/^[\d.]+\//, ""), home))
    .catch(() => undefined);
  return text && file.endsWith("_meta.json") ? await completed(home, JSON.parse(text)) : text;
}

/** On the web the modules are where JSR has them, under the version, and each has its checksum. */
async function completed(home: URL, { exports }: Meta): Promise<string> {
  const manifest: Record<string, { size: number; checksum: string }> = {};
  for await (const { name } of Deno.readDir(home)) {
    if (!name.endsWith(".ts")) continue;
    const bytes = await Deno.readFile(new URL(name, home));
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
    manifest[`/${name}`] = { size: bytes.length, checksum: `sha256-${hash}` };
  }
  const here = Object.entries(exports).map(([key, path]) => [key, path.replace("../", "./")]);
  return JSON.stringify({ manifest, exports: Object.fromEntries(here) });
}
