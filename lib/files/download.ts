/**
 * Downloads that are kept, for targets that cannot fetch by themselves.
 *
 * @module
 */
import { join } from "../std_path.ts";
import { ConnectionError, InstallError } from "../errors.ts";
import { type ImageSource, showImage } from "../plan/image.ts";
import type { Report } from "../report/events.ts";
import { userFolder } from "../user_folder.ts";
import { countBytes } from "./stream.ts";

/**
 * Fetches an image that has a URL into the user's cache, once, and returns the file's path; the file appears only when it
 * is whole. Throws a {@linkcode ConnectionError} if it cannot be fetched.
 */
export async function cachedDownload(
  source: ImageSource,
  report: Report,
  signal?: AbortSignal,
): Promise<string> {
  const url = source.location;
  const shown = showImage(source);
  const folder = cacheFolder();
  await Deno.mkdir(folder, { recursive: true });
  const path = join(folder, await digest(url));
  if (await Deno.stat(path).catch(() => undefined)) return path;
  report({
    type: "log",
    level: "info",
    text: `fetching ${shown} here`,
  });
  const aside = await Deno.makeTempFile({ dir: folder });
  try {
    const { address, headers } = withoutLogin(url);
    const response = await fetch(address, { headers, signal: signal ?? null });
    if (!response.ok || !response.body) throw new Error(`the server answers ${response.status}`);
    const length = Number(response.headers.get("content-length") ?? NaN);
    const file = await Deno.open(aside, { write: true });
    const tell = (done: number) =>
      report({
        ...{ type: "progress", stage: "image", what: "download", done },
        ...(length > 0 && { total: length }),
      });
    await response.body.pipeThrough(countBytes(tell)).pipeTo(file.writable);
    const { size } = await Deno.stat(aside);
    const plain = response.headers.get("content-encoding") === null;
    if (plain && length > 0 && size !== length) {
      throw new Error(`${size} of ${length} bytes arrived`);
    }
    await Deno.rename(aside, path);
    return path;
  } catch (cause) {
    await Deno.remove(aside).catch(() => {});
    signal?.throwIfAborted();
    throw new ConnectionError(
      `cannot fetch ${shown}: ${reason(cause, url, shown)}`,
      {
        hint: "get the image by other means and give its path with --kexec",
        cause,
      },
    );
  }
}

/** A URL whose login, if it has one, goes in a header: fetch() takes none in the URL. */
function withoutLogin(text: string): { address: URL; headers: Record<string, string> } {
  const address = new URL(text);
  const { username, password } = address;
  if (username === "" && password === "") return { address, headers: {} };
  address.username = address.password = "";
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const bytes = new TextEncoder().encode(login);
  return { address, headers: { authorization: `Basic ${bytes.toBase64()}` } };
}

/** The runtime's words name the whole URL, which may hold secrets. */
function reason(cause: unknown, url: string, shown: string): string {
  const said = cause instanceof Error ? cause.message : String(cause);
  const { href } = withoutLogin(url).address;
  return said.replaceAll(url, shown).replaceAll(href, shown);
}

function cacheFolder(): string {
  const cache = userFolder("XDG_CACHE_HOME", ".cache");
  if (cache !== undefined) return join(cache, "nixos-anywhere", "images");
  throw new InstallError("there is no folder to fetch the kexec image into: HOME is not set", {
    hint: "set HOME or XDG_CACHE_HOME, or get the image and give its path with --kexec",
  });
}

async function digest(text: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(hash).toHex();
}
