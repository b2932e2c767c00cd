/**
 * Which key a server has accepted, as ssh's log tells it.
 *
 * @module
 */

/** A key that a server has accepted, as ssh's log describes it since OpenSSH 8.0. */
export interface AcceptedKey {
  /** The file that ssh names, or what an agent calls the key. */
  readonly path: string;
  /** As in `ED25519`, `ED25519-SK`, `RSA-CERT`. */
  readonly type: string;
  /** `SHA256:…`; a certificate has that of its key. */
  readonly fingerprint: string;
  /** Where ssh has it from, besides the file: `agent`, `token`, `authenticator`. */
  readonly from: readonly string[];
}

/** Reads what follows `Server accepts key: ` in ssh's log; nothing where it is of an older OpenSSH. */
export function parseAcceptedKey(text: string): AcceptedKey | undefined {
  const match = /^(.*) ([A-Z0-9-]{2,40}) (SHA256:[A-Za-z0-9+/]{43})((?: [a-z]+)*)$/.exec(text);
  if (!match) return undefined;
  const [, path = "", type = "", fingerprint = "", from = ""] = match;
  return { path, type, fingerprint, from: from.split(" ").filter((word) => word !== "") };
}

/** What a login that has found its key still waits for; nothing where ssh goes on by itself. */
export function personNeeded(key: AcceptedKey | undefined): string | undefined {
  if (!key) return undefined;
  if (/-SK\b/.test(key.type) || key.from.includes("authenticator")) {
    return "the touch or the PIN of a security key";
  }
  if (key.from.includes("agent")) return "an agent, which may want a confirmation";
  if (key.from.includes("token")) return "the PIN of a token";
  return `the passphrase of ${JSON.stringify(key.path)}`;
}
