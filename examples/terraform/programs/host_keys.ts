/**
 * The host keys that an install has pinned: a known_hosts file for each machine, so that machines which are installed at
 * the same time do not write the same file. They are no secret, and worth to be kept in version control.
 */
import { fingerprint } from "@nixos-anywhere/deno";

/** Where a machine's keys are, below the folder of the root module. */
export function pinFile(folder: string, host: string, port: number): string {
  return `${folder}/${encodeURIComponent(host).replaceAll("%", "_")}_${port}`;
}

/** Whether keys are pinned. */
export async function isPinned(file: string): Promise<boolean> {
  return (await Deno.readTextFile(file).catch(() => "")).trim() !== "";
}

/** Pins keys, `TYPE BASE64`, in the place of those before; without any, what was pinned is forgotten. */
export async function pin(file: string, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return await Deno.remove(file).catch(() => {});
  await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
  // The file is for one machine, by whatever address and port it is reached.
  const text = keys.map((key) => `* ${key}\n`).join("");
  await Deno.writeTextFile(`${file}.new`, text);
  await Deno.rename(`${file}.new`, file);
}

/** Those of a machine's keys that are pinned: all, if the one that it has proved to have is among them. */
export async function trusted(
  keys: readonly string[],
  proved: string | undefined,
): Promise<string[]> {
  const prints = await Promise.all(keys.map((key) => fingerprint(key)));
  return proved !== undefined && prints.includes(proved) ? [...keys] : [];
}
