/**
 * Whether the key of a login logs in again without a person.
 *
 * @module
 */
import { run } from "../process.ts";
import { fingerprint } from "./known_hosts.ts";
import { internals, type Session } from "./session.ts";

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
