/**
 * What is run on a target over a login to start an activation, to follow it and to confirm it.
 *
 * @module
 */
import { ACTIVATION, COMMON, GUARD } from "./guard_scripts.ts";

const REFUSE_SECOND = `
refuse_second() {
  for pid in "$base"/*/guard.pid; do
    [ -e "$pid" ] && [ ! -e "\${pid%/*}/outcome" ] || continue
    ! kill -0 "$(cat "$pid")" 2>/dev/null || { echo busy; exit 0; }
  done
}
`;

/**
 * Looks, before anything is changed, whether the system $2 is there (`valid`), and what stands against it: `no_nixos`,
 * `busy`, or `no_way_back` where $3 says that one is wanted. $1 is the name of the update.
 */
export const LOOK = `
${COMMON}
${REFUSE_SECOND}
# The name of a system can be another one, by system.nixos.distroId.
[ -e /etc/NIXOS ] || [ -e /run/current-system ] || { echo no_nixos; exit 0; }
refuse_second
if [ "$3" = y ]; then
  [ -x /run/current-system/bin/switch-to-configuration ] || { echo no_way_back; exit 0; }
fi
! nix-store --check-validity "$2" 2>/dev/null || echo valid
`;

/**
 * Starts guard and activation, and prints what the target runs. $1 a name that nobody else has, $2 the system, $3 the
 * action, $4 and $5 seconds for the activation and for a new login, $6 whether to go back, $7 whether failed units are
 * forgiven, $8 NIXOS_INSTALL_BOOTLOADER.
 */
export const START = `
${COMMON}
${REFUSE_SECOND}
token=$1 system=$2
old_system=$(readlink -f /run/current-system) || old_system=
old_link=$(readlink "$profile") || old_link=
old_default=
if [ -n "$old_link" ]; then old_default=$(readlink -f "$profile") || old_default=; fi
[ -x "$system/bin/switch-to-configuration" ] || { echo no_switch; exit 0; }
[ -x "$old_default/bin/switch-to-configuration" ] || old_default=
refuse_second
rm -rf "$base"
( umask 077; mkdir "$base" "$folder" ) || { echo busy; exit 0; }
# Until the guard has its own.
echo "$$" >"$folder/guard.pid"
systemd=n
if [ -d /run/systemd/system ] && command -v systemd-run >/dev/null 2>&1; then systemd=y; fi
{
  echo "system=$system action=$3 activate=$4 confirm=$5 rollback=$6 forgive=$7 bootloader=$8 systemd=$systemd"
  echo "old_system=$old_system old_link=$old_link old_default=$old_default"
} >"$folder/settings"
: >"$folder/log"
cat >"$folder/activation" <<'ACTIVATION_END'
${ACTIVATION}
ACTIVATION_END
cat >"$folder/guard" <<'GUARD_END'
${GUARD}
GUARD_END
if [ "$systemd" = n ] || ! systemd-run --unit="nixos-anywhere-guard-$token" --collect --no-ask-password --quiet \\
  -p OOMPolicy=continue -p OOMScoreAdjust=-900 /bin/sh "$folder/guard" "$token"; then
  if command -v setsid >/dev/null 2>&1; then setsid /bin/sh "$folder/guard" "$token" >/dev/null 2>&1 &
  else nohup /bin/sh "$folder/guard" "$token" >/dev/null 2>&1 &
  fi
fi
echo "previous $old_system"
echo started
`;

/**
 * Prints the log's lines as they come, from the one behind $2, and how it ended: `outcome`, or, unless $3 is `outcome`,
 * `waiting` for a new login. In between it says that it lives.
 */
export const FOLLOW = `
${COMMON}
# Not all letters are between a and z elsewhere.
LC_ALL=C
export LC_ALL
shown=$2
while :; do
  if [ ! -d "$folder" ]; then
    echo "running $(readlink -f /run/current-system)"
    echo "profile $(readlink -f "$profile")"
    echo gone
    exit 0
  fi
  ended=
  if [ -e "$folder/outcome" ]; then ended=y
  elif [ "$3" = any ] && [ -e "$folder/waiting" ] && [ ! -e "$folder/decided" ]; then ended=y
  fi
  lines=$(($(wc -l <"$folder/log") + 0))
  if [ -n "$ended" ]; then sed -n "$((shown + 1)),\\$ { s/^/log /; p; }" "$folder/log"
  elif [ "$lines" -gt "$shown" ]; then
    sed -n "$((shown + 1)),$lines { s/^/log /; p; }" "$folder/log"
    shown=$lines
  fi
  if [ -n "$ended" ]; then
    for key in /etc/ssh/ssh_host_*_key.pub; do
      [ ! -r "$key" ] || sed -n 's/^\\([a-z0-9@.-]* [A-Za-z0-9+/=]*\\).*$/host_key \\1/p' "$key"
    done
    [ ! -e "$folder/status" ] || echo "status $(cat "$folder/status")"
    if [ -e "$folder/outcome" ]; then echo "outcome $(cat "$folder/outcome")"; else echo waiting; fi
    exit 0
  fi
  echo beat
  sleep 0.3 2>/dev/null || sleep 1
done
`;

/** Says that a new login works, and removes what the update kept; too late, it says `late`. */
export const CONFIRM = `
${COMMON}
mkdir "$folder/decided" 2>/dev/null || { echo late; exit 0; }
echo "running $(readlink -f /run/current-system)"
rm -rf "$base"
echo confirmed
`;

/** Removes what an update kept that has ended. */
export const CLEAN_UP = `
${COMMON}
[ ! -e "$folder/outcome" ] || rm -rf "$base"
`;
