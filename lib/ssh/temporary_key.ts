/**
 * A key of our own, for logins that a boot would otherwise lock out: a password works before kexec and not
 * after it. Where the login is by key already nothing is added anywhere.
 *
 * @module
 */
import { run } from "../process.ts";
import type { Session } from "./session.ts";

/** A fresh key pair. */
export interface TemporaryKey {
  /** The private key's text, for {@linkcode ConnectOptions.privateKey}. */
  readonly privateKey: string;
  /** The line for authorized_keys. */
  readonly publicKey: string;
}

/** Makes an ed25519 key pair; nothing of it stays in a file. */
export async function makeTemporaryKey(signal?: AbortSignal): Promise<TemporaryKey> {
  const folder = await Deno.makeTempDir({ prefix: "nixos-anywhere-key-" });
  try {
    const path = `${folder}/key`;
    const words = [
      "ssh-keygen",
      "-q",
      "-t",
      "ed25519",
      "-N",
      "",
      "-C",
      `nixos-anywhere-${crypto.randomUUID()}`,
    ];
    await run([...words, "-f", path], { deadline: 60_000, ...(signal && { signal }) });
    const [privateKey, publicKey] = await Promise.all(
      [path, `${path}.pub`].map((file) => Deno.readTextFile(file)),
    );
    return { privateKey: privateKey ?? "", publicKey: (publicKey ?? "").trim() };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Whether this login would not work again after a boot that keeps only authorized keys. */
export function needsTemporaryKey(session: Session): boolean {
  return session.method !== undefined && session.method !== "publickey";
}

const AUTHORIZE = `
umask 077
mkdir -p "$HOME/.ssh"
file=$HOME/.ssh/authorized_keys
# A last line without its line feed would swallow ours.
[ ! -s "$file" ] || [ -z "$(tail -c 1 "$file")" ] || echo >>"$file"
printf '%s\\n' "$1" >>"$file"
`;

const REVOKE = `
file=$HOME/.ssh/authorized_keys
[ -f "$file" ] || exit 0
rest=$(grep -vxF -- "$1" "$file") || :
if [ -n "$rest" ]; then printf '%s\\n' "$rest" >"$file"; else : >"$file"; fi
`;

/** Adds a key to the authorized keys of the session's user. */
export async function authorize(session: Session, key: TemporaryKey): Promise<void> {
  await session.script(AUTHORIZE, { name: "authorize", args: [key.publicKey], deadline: 60_000 });
}

/** Takes a key out of the authorized keys of the session's user again; all other lines stay. */
export async function revoke(session: Session, key: TemporaryKey): Promise<void> {
  await session.script(REVOKE, {
    name: "revoke",
    args: [key.publicKey],
    deadline: 15_000,
    evenIfAborted: true,
  });
}
