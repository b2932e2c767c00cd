/**
 * Getting root's own login on an installer that lets another user in.
 *
 * @module
 */
import { LoginError } from "../errors.ts";
import { becomeRoot, type Facts } from "../plan/facts.ts";
import { unattendedKey } from "../ssh/unattended_key.ts";
import { openSession } from "../ssh/open_session.ts";
import { internals, type RemoteOptions, type Session } from "../ssh/session.ts";
import { makeTemporaryKey, revoke } from "../ssh/temporary_key.ts";

// $1 the user, $2 a key of ours or nothing. Root's own keys stay; each line is added once.
const SHARE_KEYS = `
umask 077
home=$(sed -n 's/^root:.*:\\([^:]*\\):[^:]*$/\\1/p' /etc/passwd)
user_home=$(awk -F: -v user="$1" '$1 == user { print $6 }' /etc/passwd)
mkdir -p "\${home:=/root}/.ssh"
file=$home/.ssh/authorized_keys
touch "$file"
[ ! -s "$file" ] || [ -z "$(tail -c 1 "$file")" ] || echo >>"$file"
{
  [ -z "$2" ] || printf '%s\\n' "$2"
  for keys in "$user_home/.ssh/authorized_keys" "$user_home/.ssh/authorized_keys2" "/etc/ssh/authorized_keys.d/$1"; do
    [ ! -r "$keys" ] || cat "$keys"
    echo
  done
} | while IFS= read -r line; do
  [ -z "$line" ] || grep -qxF -- "$line" "$file" || printf '%s\\n' "$line" >>"$file"
done
`;

/**
 * Lets root log in with the keys of the session's user (those in /etc/ssh/authorized_keys.d too) and returns
 * root's session; the user's is disposed of. Root's authorized keys are added to, never replaced. A login
 * that needs a person, or is by no key, gets one of our own for as long as it takes to log in.
 *
 * @example
 * ```ts ignore
 * import { becomeRootSession, connect, getFacts } from "@nixos-anywhere/deno";
 * const user = await connect("nixos@203.0.113.7");
 * await using installer = await becomeRootSession(user, await getFacts(user));
 * ```
 */
export async function becomeRootSession(
  session: Session,
  facts: Facts,
  { timeout = 60_000, signal }: Pick<RemoteOptions, "timeout" | "signal"> = {},
): Promise<Session> {
  if (facts.uid === 0) return session;
  const again = await unattendedKey(session, signal) !== undefined;
  const key = again ? undefined : await makeTemporaryKey(signal);
  await session.script(SHARE_KEYS, {
    name: "share keys",
    args: [facts.user, key?.publicKey ?? ""],
    become: becomeRoot(facts),
    timeout,
    hint: "see whether root's home can be written to",
    signal,
  });
  const destination = { ...session.destination, user: "root" };
  const login = {
    ...internals(session).login,
    ...(facts.hostKeys.length > 0 && { expectedHostKeys: facts.hostKeys }),
  };
  // Where root's keys are looked for elsewhere, the user's own may work all the same.
  const root = key
    ? await openSession(destination, { ...login, temporaryKey: key.privateKey }).catch((error) => {
      if (!(error instanceof LoginError)) throw error;
      return openSession(destination, login);
    })
    : await openSession(destination, login);
  if (key) await revoke(root, key);
  await session[Symbol.asyncDispose]();
  return root;
}
