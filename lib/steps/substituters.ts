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

/**
 * Adds substituters and their public keys to the nix configuration of root on an installer.
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
  const lines = [
    ...(substituters.length > 0 ? [`extra-substituters = ${substituters.join(" ")}`] : []),
    ...(publicKeys.length > 0 ? [`extra-trusted-public-keys = ${publicKeys.join(" ")}`] : []),
  ];
  if (lines.length === 0) return;
  await installer.script(ADD, { name: "substituters", args: lines, deadline: 60_000 });
}
