/**
 * A key of our own, for logins that would not work again after a boot, or not without a person: a password, a
 * certificate, a key that a command supplies, a passphrase, a touch.
 *
 * @module
 */
import { run } from "../process.ts";
import type { Session } from "./session.ts";

/** A fresh key pair. */
export interface TemporaryKey {
  /** The private key's text, for {@linkcode LoginOptions.privateKey}. */
  readonly privateKey: string;
  /** The line for authorized_keys. */
  readonly publicKey: string;
}

/** The types of key that are tried: a machine whose rules allow only some certified ones may not make the first. */
const TYPES = [["ed25519"], ["ecdsa", "-b", "256"], ["rsa", "-b", "3072"]];

/** Makes a key pair; nothing of it stays in a file. */
export async function makeTemporaryKey(
  signal?: AbortSignal,
  comment = `nixos-anywhere-${crypto.randomUUID()}`,
): Promise<TemporaryKey> {
  const folder = await Deno.makeTempDir({ prefix: "nixos-anywhere-key-" });
  try {
    const path = `${folder}/key`;
    for (const [index, type] of TYPES.entries()) {
      const words = ["ssh-keygen", "-q", "-t", ...type, "-N", "", "-C", comment, "-f", path];
      const allowFailure = index < TYPES.length - 1;
      const options = { timeout: 60_000, allowFailure, signal };
      if ((await run(words, options)).code === 0) break;
    }
    const [privateKey, publicKey] = await Promise.all(
      [path, `${path}.pub`].map((file) => Deno.readTextFile(file)),
    );
    return { privateKey: privateKey ?? "", publicKey: (publicKey ?? "").trim() };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const REVOKE = `
file=$HOME/.ssh/authorized_keys
[ -f "$file" ] || exit 0
# 1: there are no others. Where it cannot be told they stay as they are.
rest=$(grep -vxF -- "$1" "$file") || [ "$?" = 1 ]
if [ -n "$rest" ]; then printf '%s\\n' "$rest" >"$file"; else : >"$file"; fi
`;

/** Takes a key out of the authorized keys of the session's user again; all other lines stay. */
export async function revoke(session: Session, key: TemporaryKey): Promise<void> {
  await session.script(REVOKE, {
    name: "revoke",
    args: [key.publicKey],
    timeout: 15_000,
    evenIfAborted: true,
  });
}
