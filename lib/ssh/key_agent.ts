/**
 * An agent of our own, in which ssh leaves a key that it was given the passphrase of: nobody is asked a second time in
 * one run. The key is in the memory of a child of ours and goes with it, however we end.
 *
 * @module
 */
import { delay } from "../async.ts";
import type { Destination } from "../plan/destination.ts";
import { run, start } from "../process.ts";
import { optionWords } from "./config.ts";
import { shortTemp } from "./prepare_login.ts";

/** An agent that runs. Disposal ends it. */
export interface KeyAgent extends AsyncDisposable {
  /** Its socket, for {@linkcode LoginOptions.agent}. */
  readonly socket: string;
}

/** What decides whether there is a passphrase to be kept. */
export interface KeyAgentOptions {
  readonly identityFile?: string | undefined;
  readonly privateKey?: string | undefined;
  readonly password?: string | undefined;
  readonly options?: readonly string[] | undefined;
}

// Ends with its input, which is ours. The agent looks every ten seconds whether this still runs, in case that it is killed.
const HOLD = `trap '' INT; cat >/dev/null; kill "$SSH_AGENT_PID"`;

/**
 * Starts an agent where a login may ask for a passphrase that no agent of the user's would spare later logins: a key
 * with one, a terminal to ask on, and no agent, or none that has the key. Otherwise the user's agent is left to it.
 */
export async function keyAgent(
  destination: Destination,
  options: KeyAgentOptions,
  signal?: AbortSignal,
): Promise<KeyAgent | undefined> {
  const terminal = [Deno.stdin, Deno.stdout, Deno.stderr].some((stream) => stream.isTerminal());
  if (!terminal || options.password !== undefined) return undefined;
  try {
    if (!(await asksForPassphrase(destination, options, signal))) return undefined;
    return await serve(signal);
  } catch {
    // Without it a passphrase is asked for again, no more.
    signal?.throwIfAborted();
    return undefined;
  }
}

async function asksForPassphrase(
  { host, user }: Destination,
  { identityFile, privateKey, options = [] }: KeyAgentOptions,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const quiet = { allowFailure: true, timeout: 10_000, signal };
  const login = [
    ...options.map((option) => option.replace("=", " ")),
    ...(user === undefined ? [] : [`User ${user}`]),
  ];
  const config = (await run(["ssh", "-G", ...optionWords(login), "--", host], quiet)).stdout;
  const values = (key: string) =>
    [...config.matchAll(new RegExp(`^${key} (.*)$`, "gm"))].map(([, value = ""]) => value);
  // One that the user has named, such as a password manager's.
  if (values("identityagent").some((value) => value !== "SSH_AUTH_SOCK")) return false;
  const home = Deno.env.get("HOME") ?? "";
  const files = identityFile !== undefined
    ? [identityFile]
    : values("identityfile").map((path) => path.replace(/^~(?=\/)/, home));
  const texts = identityFile === undefined && privateKey !== undefined
    ? [privateKey]
    : await Promise.all(files.map((path) => Deno.readTextFile(path).catch(() => "")));
  if (!texts.some(hasPassphrase)) return false;
  const held = await run(["ssh-add", "-l"], quiet);
  if (held.code === 2) return true;
  // What is in it may be the key that logs in.
  if (identityFile === undefined) return false;
  const { stdout } = await run(["ssh-keygen", "-l", "-f", identityFile], quiet);
  const fingerprint = /SHA256:\S+/.exec(stdout)?.[0];
  return fingerprint !== undefined && !held.stdout.includes(fingerprint);
}

/** Whether a private key's text needs a passphrase to be read. */
export function hasPassphrase(text: string): boolean {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END/.exec(text)?.[1];
  if (body === undefined) return /^(Proc-Type: 4,ENCRYPTED|-----BEGIN ENCRYPTED )/m.test(text);
  try {
    // The magic, its end, the length of the cipher's name, the name.
    const head = new TextDecoder("latin1").decode(
      Uint8Array.fromBase64(body.replace(/\s/g, "").slice(0, 64)),
    );
    return head.startsWith("openssh-key-v1\0") && !head.startsWith("\0\0\0\x04none", 15);
  } catch {
    return false;
  }
}

async function serve(signal: AbortSignal | undefined): Promise<KeyAgent> {
  const folder = await Deno.makeTempDir({ dir: await shortTemp(), prefix: "nixos-anywhere-" });
  const socket = `${folder}/agent`;
  const hold = new TransformStream<Uint8Array, Uint8Array>();
  const child = start(["ssh-agent", "-a", socket, "sh", "-c", HOLD], { stdin: hold.readable });
  const drained = Promise.all(
    [child.stdout, child.stderr].map((one) => one.pipeTo(new WritableStream())),
  );
  drained.catch(() => {});
  const agent: KeyAgent = {
    socket,
    async [Symbol.asyncDispose]() {
      await hold.writable.close().catch(() => {});
      const timer = setTimeout(() => child.end(), 2000);
      await child.status;
      clearTimeout(timer);
      await Deno.remove(folder, { recursive: true }).catch(() => {});
    },
  };
  try {
    for (let tries = 0; tries < 200; tries++) {
      if ((await Deno.lstat(socket).catch(() => undefined))?.isSocket) return agent;
      if (child.ended) break;
      await delay(10, signal ?? new AbortController().signal);
    }
    throw new Error("no agent");
  } catch (error) {
    await agent[Symbol.asyncDispose]();
    throw error;
  }
}
