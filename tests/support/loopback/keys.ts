/**
 * Temporary ssh keys.
 *
 * @module
 */

/** A key pair as ssh-keygen writes it. */
export interface KeyPair {
  readonly privateKey: string;
  /** `TYPE BASE64`, without a comment. */
  readonly publicKey: string;
}

/** Makes a key pair that protects nothing. */
export async function makeKey(type: "ed25519" | "ecdsa" = "ed25519"): Promise<KeyPair> {
  const folder = await Deno.makeTempDir({ prefix: "box-key-" });
  try {
    const args = ["-q", "-t", type, "-N", "", "-C", "", "-f", `${folder}/key`];
    const { success } = await new Deno.Command("ssh-keygen", { args, stdin: "null" }).output();
    if (!success) throw new Error("ssh-keygen failed");
    const publicKey = await Deno.readTextFile(`${folder}/key.pub`);
    return {
      privateKey: await Deno.readTextFile(`${folder}/key`),
      publicKey: publicKey.trim().split(" ").slice(0, 2).join(" "),
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The fingerprint `SHA256:…` of a public key, as `ssh-keygen -l` prints it. */
export async function fingerprint(publicKey: string): Promise<string> {
  const blob = Uint8Array.fromBase64(publicKey.split(" ")[1] ?? "");
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", blob));
  return `SHA256:${digest.toBase64({ omitPadding: true })}`;
}
