/**
 * Which key a server has accepted, as ssh's log tells it, and whether it logs in again without a person.
 *
 * @module
 */
import { run } from "../process.ts";
import { fingerprint } from "./known_hosts.ts";
import { internals, type Session } from "./session.ts";

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

/**
 * The public key, `TYPE BASE64`, that this login was granted for, where it will be granted again without
 * anybody's help: a plain key in a file without a passphrase. An agent may ask for a confirmation, a
 * certificate ends, a security key wants to be touched.
 */
export async function unattendedKey(
  session: Session,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const { acceptedKey } = internals(session);
  if (session.method !== "publickey" || !acceptedKey) return undefined;
  const { path, type, from } = acceptedKey;
  if (/-(SK|CERT)\b/.test(type) || from.some((word) => word !== "explicit")) return undefined;
  // With an empty passphrase nobody is asked: it fails where there is one.
  const words = ["ssh-keygen", "-y", "-P", "", "-f", path];
  const options = { allowFailure: true, timeout: 10_000, signal };
  const { code, stdout } = await run(words, options);
  const key = /^([a-z0-9@.-]+ [A-Za-z0-9+/]+={0,3})(?: |$)/m.exec(stdout)?.[1];
  if (code !== 0 || key === undefined || key.startsWith("sk-")) return undefined;
  return await fingerprint(key) === acceptedKey.fingerprint ? key : undefined;
}
