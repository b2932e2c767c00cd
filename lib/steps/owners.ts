/**
 * Whether the installer knows whom paths of the new system shall belong to.
 *
 * @module
 */
import { PreflightError } from "../errors.ts";
import { escapeControls } from "../escape.ts";
import type { Chown } from "../plan/options.ts";
import type { RemoteOptions, Session } from "../ssh/session.ts";

// Each owner as chown will take it; `owner NUMBER TEXT` of those that it does not.
const TRY = `
PATH=$PATH:/run/current-system/sw/bin
file=$(mktemp)
trap 'rm -f "$file"' EXIT
number=0
for owner; do
  said=$(LC_ALL=C chown -- "$owner" "$file" 2>&1) || printf 'owner %s %s\\n' "$number" "$said"
  number=$((number + 1))
done
`;

/**
 * Checks that chown on the installer knows the owners of {@linkcode Chown}s that are names: users of the new system alone
 * are known to the new system alone. Changes nothing; asks nothing where all are numbers.
 *
 * Throws a {@linkcode PreflightError} if it certainly does not know one.
 */
export async function checkOwners(
  installer: Session,
  chown: readonly Chown[],
  { timeout = 60_000, signal }: Pick<RemoteOptions, "timeout" | "signal"> = {},
): Promise<void> {
  const owners = [...new Set(chown.map(({ owner }) => owner))]
    .filter((owner) => !/^\d*(:\d*)?$/.test(owner));
  if (owners.length === 0) return;
  const { stdout } = await installer.script(TRY, {
    ...{ name: "look at owners", inline: true, args: owners, timeout, signal },
    allowFailure: true,
  });
  for (const [, number, said = ""] of stdout.matchAll(/^owner (\d+) (.{0,300})$/gm)) {
    if (!/\b(invalid|unknown|no such) (user|group|spec)/i.test(said)) continue;
    const owner = owners[Number(number)];
    const text = `${installer.label}: --chown: the installer knows no owner ${owner}`;
    throw new PreflightError(`${text}: ${escapeControls(said)}`, {
      hint: "give numbers, such as 1000:100: the installer does not know the new system's users",
    });
  }
}
