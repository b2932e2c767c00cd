/**
 * Giving the configuration's substituters to the installer's nix.
 *
 * @module
 */
import type { Session } from "../ssh/session.ts";

/** Where nix may fetch store paths from, and whose signatures it believes. */
export interface Substituters {
  /** `nix.settings.substituters` of the configuration. */
  readonly substituters: readonly string[];
  /** `nix.settings.trusted-public-keys` of the configuration. */
  readonly publicKeys: readonly string[];
}

// The file of the user, since NixOS' own in /etc cannot be written. Each line is added once.
const ADD = `
umask 022
mkdir -p "$HOME/.config/nix"
file=$HOME/.config/nix/nix.conf
touch "$file"
for line; do
  grep -qxF -- "$line" "$file" || printf '\\n%s\\n' "$line" >>"$file"
done
`;

// Prints the positions of addresses that do not answer. Any answer will do, and one that cannot be asked is believed.
const ASK = `
command -v curl >/dev/null 2>&1 || exit 0
ask() {
  status=0
  curl --silent --max-time 5 --output /dev/null -- "\${2%/}/nix-cache-info" || status=$?
  case $status in 5|6|7|28) echo "dead $1" ;; esac
}
position=0
for url; do
  case $url in http://*|https://*) ask "$position" "$url" & ;; esac
  position=$((position + 1))
done
wait
`;

/**
 * Adds substituters and their public keys to the nix configuration of root on an installer. A substituter
 * that does not answer there is left out, with a warning: nix would ask it again for every path.
 *
 * @example
 * ```ts ignore
 * import { useSubstituters } from "@nixos-anywhere/deno";
 * await useSubstituters(installer, { substituters: ["https://cache.example.org"], publicKeys: [] });
 * ```
 */
export async function useSubstituters(
  installer: Session,
  { substituters, publicKeys }: Substituters,
): Promise<void> {
  const alive = substituters.length === 0 ? [] : await answering(installer, substituters);
  const lines = [
    ...(alive.length > 0 ? [`extra-substituters = ${alive.join(" ")}`] : []),
    ...(publicKeys.length > 0 ? [`extra-trusted-public-keys = ${publicKeys.join(" ")}`] : []),
  ];
  if (lines.length === 0) return;
  await installer.script(ADD, { name: "substituters", args: lines, deadline: 60_000 });
}

async function answering(installer: Session, urls: readonly string[]): Promise<string[]> {
  const { stdout } = await installer.script(ASK, {
    name: "ask substituters",
    args: urls,
    allowFailure: true,
    deadline: 30_000,
  });
  const dead = new Set(Array.from(stdout.matchAll(/^dead (\d+)$/gm), (match) => Number(match[1])));
  for (const position of dead) {
    const text = `${installer.label}: the substituter ${
      urls[position]
    } does not answer there: not used`;
    installer.report({ type: "log", level: "warning", text });
  }
  return urls.filter((_, position) => !dead.has(position));
}
