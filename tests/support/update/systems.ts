/**
 * Systems that can be activated, as real store paths: their switch-to-configuration writes down how it was called, runs a
 * hook, and makes itself the system that runs. They are not NixOS.
 *
 * @module
 */
import { NIX_CONFIG } from "../../vm/nix.ts";
import { derivation } from "../install/parts.ts";
import type { ContainerOptions } from "../loopback/mod.ts";

const SWITCH = `#!/bin/sh
self=\${0%/bin/*}
name=\${self##*-}
echo "$name $1 $NIXOS_INSTALL_BOOTLOADER $(umask)" >>/run/box/activations
echo "activating $name"
hook=/etc/hooks/$name-$1
[ ! -e "$hook" ] || . "$hook"
case $1 in switch|test) ln -sfn "$self" /run/current-system ;; esac
`;

/** Builds a system whose name ends in `name` in this machine's store; nothing of it is new but the name. */
export async function buildSystem(name: string): Promise<string> {
  const args = ["--no-out-link", "-E", systemCode(name)];
  const { success, stdout, stderr } = await new Deno.Command("timeout", {
    args: ["--kill-after=10", "300", "nix-build", ...args],
    env: { NIX_CONFIG },
    stdin: "null",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim();
}

/** Nix code of such a system. */
export function systemCode(name: string): string {
  const text = SWITCH.replaceAll("'", `'\\''`).replaceAll("''", "'''").replaceAll("${", "''${");
  const make =
    `mkdir -p $out/bin; for part in init kernel initrd nixos-version; do echo $part >$out/$part; done; ` +
    `printf %s '${text}' >$out/bin/switch-to-configuration; chmod 755 $out/bin/switch-to-configuration`;
  return derivation(`nixos-system-${name}`, `''${make}''`);
}

/** Shell code by the system's name and the action, `new-switch`: run by its switch-to-configuration. */
export type Hooks = Readonly<Record<string, string>>;

/** Ends the ssh server; all of it with the logins, so that nobody sees how the activation ends. */
export const LOSE_NETWORK = `: >/run/lost; pkill -o -x sshd; echo "the network is gone"\n`;
export const LOSE_ALL = `: >/run/lost; pkill -x sshd\n`;
/** Starts it again. */
export const FIND_NETWORK =
  `[ ! -e /run/lost ] || { rm /run/lost; setsid /usr/sbin/sshd -E /run/box/sshd.log </dev/null >/dev/null 2>&1; }\n`;

/** Runs a unit as the real one does as far as that is asked for: apart from whoever starts it, and with no variable of theirs. */
const SYSTEMD_RUN = `#!/bin/sh
printf '%s\\n' "systemd-run $*" >>/run/box/commands
while :; do
  case $1 in
  --unit=*|--collect|--no-ask-password|--quiet) shift ;;
  -p) shift 2 ;;
  -*) echo "no option $1" >&2; exit 1 ;;
  *) break ;;
  esac
done
env -i PATH=/usr/bin:/bin setsid "$@" </dev/null >/dev/null 2>&1 &
`;

/** What makes of a container one that has systemd, as far as an update uses it. */
export const SYSTEMD: Pick<ContainerOptions, "files" | "setup"> = {
  files: { "/usr/bin/systemd-run": { text: SYSTEMD_RUN, mode: 0o755 } },
  setup: "mkdir -p /run/systemd/system\n",
};

/** A container that runs one of these systems, whose generation is 1. */
export function running(system: string, hooks: Hooks = {}): ContainerOptions {
  const files = Object.entries(hooks).map(([name, code]) => [`/etc/hooks/${name}`, code] as const);
  const profiles = "/nix/var/nix/profiles";
  return {
    osRelease: `ID=nixos\nPRETTY_NAME="NixOS 25.11 (Xantusia)"\n`,
    files: {
      ...Object.fromEntries(files),
      [`${system}/bin/switch-to-configuration`]: { text: SWITCH, mode: 0o755 },
    },
    setup: `ln -sfn ${system} /run/current-system
mkdir -p ${profiles}
ln -s ${system} ${profiles}/system-1-link
ln -s system-1-link ${profiles}/system
: >/run/box/activations
chmod 666 /run/box/activations
`,
  };
}
