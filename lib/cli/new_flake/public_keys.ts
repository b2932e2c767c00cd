/**
 * The public keys that may log in to a new system.
 *
 * @module
 */
import { UsageError } from "../../errors.ts";
import { escapeControls } from "../../escape.ts";
import { run } from "../../process.ts";

/** Keys, and where they came from, for people. */
export interface FoundKeys {
  readonly keys: readonly string[];
  readonly from: string;
}

const TYPES = [
  "ssh-ed25519",
  "ssh-rsa",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "sk-ssh-ed25519@openssh.com",
  "sk-ecdsa-sha2-nistp256@openssh.com",
];
/** What ssh tries by itself, in its order. */
const OWN = ["id_rsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk"];
const LARGEST_BYTES = 64 * 1024;
const HINT = "give the line of a .pub file, or the file's name: --key ~/.ssh/id_ed25519.pub";

/** Reads a line of a `.pub` file; `undefined` for anything else. */
export function parsePublicKey(line: string): string | undefined {
  const text = line.trim();
  if (/\p{Cc}/u.test(text)) return undefined;
  const [type = "", data = "", ...comment] = text.split(/ +/);
  if (!TYPES.includes(type) || !/^[A-Za-z0-9+/]+={0,2}$/.test(data)) return undefined;
  try {
    const blob = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
    const length = new DataView(blob.buffer).getUint32(0);
    const named = new TextDecoder().decode(blob.subarray(4, 4 + length));
    return named === type ? [type, data, ...comment].join(" ") : undefined;
  } catch {
    return undefined;
  }
}

/** The keys that the user names: each the text of one, or a file with them. */
export async function namedKeys(given: readonly string[]): Promise<FoundKeys> {
  const keys: string[] = [];
  for (const one of given) {
    const key = parsePublicKey(one);
    if (key !== undefined) keys.push(key);
    else if (TYPES.includes(one.trim().split(" ")[0] ?? "")) {
      throw new UsageError(`--key: ${JSON.stringify(one)} is no public ssh key`, { hint: HINT });
    } else keys.push(...await keysOfFile(one));
  }
  return { keys: [...new Set(keys)], from: "--key" };
}

/** The keys in a file, one a line. What is wrong with its content is not shown: it may be a private key. */
async function keysOfFile(file: string): Promise<readonly string[]> {
  const path = file.replace(/^~(?=\/)/, Deno.env.get("HOME") ?? "~");
  const shown = JSON.stringify(file);
  let text: string;
  try {
    text = await readSmall(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    throw new UsageError(`--key: ${shown} is no public ssh key and no file that can be read`, {
      hint: HINT,
      cause,
    });
  }
  if (/-BEGIN [A-Z ]*PRIVATE KEY-/.test(text)) {
    throw new UsageError(`--key: ${shown} is a private key, which no configuration may hold`, {
      hint: `its public half is in ${file}.pub, or is printed by: ssh-keygen -y -f ${file}`,
    });
  }
  const lines = text.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("#"));
  const keys = lines.flatMap((line) => parsePublicKey(line) ?? []);
  if (keys.length === 0 || keys.length < lines.length) {
    throw new UsageError(`--key: ${shown} has a line that is no public ssh key`, { hint: HINT });
  }
  return keys;
}

/** The user's own keys: those that ssh tries by itself, else every .pub in ~/.ssh, else those of the agent. */
export async function ownKeys(signal: AbortSignal): Promise<FoundKeys> {
  const home = Deno.env.get("HOME") ?? "";
  const all = home === "" ? [] : await keyFiles(`${home}/.ssh`);
  const own = all.filter(({ name }) => OWN.includes(name.replace(/\.pub$/, "")));
  const files = own.length > 0 ? own : all;
  if (files.length > 0) {
    return {
      keys: [...new Set(files.flatMap(({ keys }) => keys))],
      from: files.map(({ name }) => `~/.ssh/${escapeControls(name)}`).join(", "),
    };
  }
  const keys = await agentKeys(signal);
  if (keys.length > 0) return { keys, from: "your ssh agent" };
  const half = await privateHalf(home);
  if (half === undefined) {
    throw new UsageError("there is no ssh key: nobody could log in to the new system", {
      hint: "make one with `ssh-keygen -t ed25519`, or name one with --key",
    });
  }
  // A new key of that name would take the place of this one.
  throw new UsageError(`there is no public ssh key: ${half}.pub is missing, or is none`, {
    hint: `make it of the private key: ssh-keygen -y -f ${half} >${half}.pub`,
  });
}

/** A private key that ssh uses by itself, whose public half was not found. */
async function privateHalf(home: string): Promise<string | undefined> {
  for (const name of home === "" ? [] : OWN.toReversed()) {
    const info = await Deno.stat(`${home}/.ssh/${name}`).catch((error) => {
      if (error instanceof Deno.errors.NotCapable) throw error;
      return undefined;
    });
    if (info?.isFile) return `~/.ssh/${name}`;
  }
  return undefined;
}

async function keyFiles(
  folder: string,
): Promise<readonly { readonly name: string; readonly keys: readonly string[] }[]> {
  const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name).catch((error) => {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return [];
  });
  const found = [];
  for (const name of names.sort()) {
    if (!name.endsWith(".pub") || name.endsWith("-cert.pub")) continue;
    // A file of another kind is nobody's key.
    const text = await readSmall(`${folder}/${name}`).catch(() => "");
    const keys = text.split("\n").flatMap((line) => parsePublicKey(line) ?? []);
    if (keys.length > 0) found.push({ name, keys });
  }
  return found;
}

async function readSmall(path: string): Promise<string> {
  const info = await Deno.stat(path);
  if (!info.isFile || info.size > LARGEST_BYTES) throw new TypeError("not a small file");
  return await Deno.readTextFile(path);
}

async function agentKeys(signal: AbortSignal): Promise<readonly string[]> {
  const options = { allowFailure: true, timeout: 10_000, signal, where: "your ssh agent" };
  const listed = await run(["ssh-add", "-L"], options).catch((error) => {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return undefined;
  });
  if (listed === undefined || listed.code !== 0) return [];
  return listed.stdout.split("\n").flatMap((line) => parsePublicKey(line) ?? []);
}
