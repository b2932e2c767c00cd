/**
 * Getting root's own login on an installer that lets another user in.
 *
 * @module
 */
import { becomeRoot, type Facts } from "../plan/facts.ts";
import { connect } from "../ssh/connect.ts";
import type { Session } from "../ssh/session.ts";
import { makeTemporaryKey, needsTemporaryKey, revoke } from "../ssh/temporary_key.ts";

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
 * without a key gets one of our own for as long as it takes to log in.
 */
export async function becomeRootSession(
  session: Session,
  facts: Facts,
  signal?: AbortSignal,
): Promise<Session> {
  if (facts.uid === 0) return session;
  const key = needsTemporaryKey(session) ? await makeTemporaryKey(signal) : undefined;
  await session.script(SHARE_KEYS, {
    name: "share keys",
    args: [facts.user, key?.publicKey ?? ""],
    become: becomeRoot(facts),
    deadline: 60_000,
    hint: "see whether root's home can be written to",
    ...(signal && { signal }),
  });
  const root = await connect({ ...session.destination, user: "root" }, {
    ...session.options,
    ...(key && { privateKey: key.privateKey, identityFile: undefined, password: undefined }),
    ...(facts.hostKeys.length > 0 && { expectedHostKeys: facts.hostKeys }),
  });
  if (key) await revoke(root, key);
  await session[Symbol.asyncDispose]();
  return root;
}
