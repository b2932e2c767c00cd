/**
 * Giving the configuration's substituters to the installer's nix.
 *
 * @module
 */
import { markDead } from "../copy/transfer/target_probe.ts";
import type { Evaluation } from "../nix/evaluate.ts";
import type { RemoteSnippet } from "../ssh/remote_snippet.ts";
import type { RemoteOptions, Session } from "../ssh/session.ts";

/** Where nix may fetch store paths from, and whose signatures it believes. */
export type Substituters = Pick<Evaluation, "substituters" | "publicKeys">;

// $1 the addresses, $2 the public keys, with spaces between them. Prints the addresses that do not answer; adds the
// others and the keys, each line once. Any answer will do, and an address that cannot be asked is believed. The file is
// the user's, since NixOS' own in /etc cannot be written.
const ADD = `
(
set -f
umask 022
file=$HOME/.config/nix/nix.conf
{ mkdir -p "$HOME/.config/nix" && touch "$file"; } 2>/dev/null ||
  { printf 'unwritable %s\\n' "$file"; exit 0; }
ask() {
  status=0
  curl --silent --max-time 3 --output /dev/null -- "\${1%/}/nix-cache-info" || status=$?
  case $status in 5|6|7|28) printf 'dead %s\\n' "$1" ;; esac
}
add() {
  [ "$1" = "$2" ] || { [ -s "$file" ] && grep -qxF -- "$1" "$file"; } || printf '\\n%s\\n' "$1" >>"$file"
}
dead=
if command -v curl >/dev/null 2>&1; then
  dead=$(
    for url in $1; do
      case $url in http://*|https://*) ask "$url" & ;; esac
    done
    wait
  )
fi
printf '%s\\n' "$dead"
alive=
for url in $1; do
  case "
$dead
" in
  *"
dead $url
"*) ;;
  *) alive="$alive $url" ;;
  esac
done
add "extra-substituters =$alive" 'extra-substituters ='
add "extra-trusted-public-keys = $2" 'extra-trusted-public-keys = '
) || printf 'unwritable %s\\n' "$HOME/.config/nix/nix.conf"
`;

/**
 * What adds substituters and their public keys to the nix configuration of root on an installer, if there are any.
 *
 * @example
 * ```ts ignore
 * import { addSubstituters, connect } from "@nixos-anywhere/deno";
 * await using installer = await connect("root@203.0.113.7");
 * const more = addSubstituters({ substituters: ["https://cache.example.org"], publicKeys: [] });
 * if (more) await installer.script(more.text, more);
 * ```
 */
export function addSubstituters(
  { substituters, publicKeys }: Substituters,
): RemoteSnippet | undefined {
  if (substituters.length + publicKeys.length === 0) return undefined;
  return {
    name: "substituters",
    text: ADD,
    args: [substituters.join(" "), publicKeys.join(" ")],
    onOutput: (answer, installer) => {
      const lines = answer.split("\n");
      const file = /^unwritable (.*)$/m.exec(answer)?.[1];
      if (file !== undefined) {
        const text = `${installer.label}: ${file} cannot be written: the configuration's ` +
          "substituters are not used";
        installer.report({ type: "log", level: "warning", text });
      }
      for (const url of substituters.filter((one) => lines.includes(`dead ${one}`))) {
        const text = `${installer.label}: the substituter ${url} does not answer there: not used`;
        installer.report({ type: "log", level: "warning", text });
        markDead(installer, url);
      }
    },
  };
}

/**
 * Adds substituters and their public keys to the nix configuration of root on an installer. A substituter
 * that does not answer there within three seconds is left out, with a warning: nix would ask it again for
 * every path.
 *
 * @example
 * ```ts ignore
 * import { useSubstituters } from "@nixos-anywhere/deno";
 * await useSubstituters(installer, { substituters: ["https://cache.example.org"], publicKeys: [] });
 * ```
 */
export async function useSubstituters(
  installer: Session,
  substituters: Pick<Evaluation, "substituters" | "publicKeys">,
  { timeout = 60_000, signal }: Pick<RemoteOptions, "timeout" | "signal"> = {},
): Promise<void> {
  const snippet = addSubstituters(substituters);
  if (!snippet) return;
  const { text, onOutput, ...rest } = snippet;
  const { stdout, stderr, code } = await installer.script(text, {
    ...{ ...rest, timeout, signal, allowFailure: true },
  });
  if (code !== 0) {
    // They make the install faster, and no more.
    const why = `${installer.label}: the configuration's substituters are not used: ${stderr}`;
    installer.report({ type: "log", level: "warning", text: why });
  }
  onOutput(stdout, installer);
}
