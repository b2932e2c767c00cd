/**
 * What runs on a target while a system is activated: an activation, and a guard that outlives the login, the activation
 * and a restart of the network, and goes back to the system before unless a new login says otherwise.
 *
 * @module
 */

/** Where a running update keeps what it knows, in a folder of its own: only one runs at a time. */
const BASE = "/run/nixos-anywhere-update";

const COMMON = `
PATH=$PATH:/run/current-system/sw/bin:/nix/var/nix/profiles/default/bin:/usr/sbin:/sbin
export PATH
base=${BASE}
folder=$base/$1
profile=/nix/var/nix/profiles/system
`;

/** Sets the profile and activates. Its status file is the last that it writes. */
const ACTIVATION = `#!/bin/sh
${COMMON}
. "$folder/settings"
exec >>"$folder/log" 2>&1 </dev/null
umask 022
cd /
HOME=~root
export HOME
echo "$$" >"$folder/activation.pid"
NIXOS_INSTALL_BOOTLOADER=$bootloader
export NIXOS_INSTALL_BOOTLOADER
locales=/run/current-system/sw/lib/locale/locale-archive
if [ -e "$locales" ]; then LOCALE_ARCHIVE=$locales; export LOCALE_ARCHIVE; fi
status=0
case $action in switch|boot) nix-env -p "$profile" --set "$system" || status=$? ;; esac
if [ "$status" = 0 ]; then
  : >"$folder/activating"
  "$system/bin/switch-to-configuration" "$action" || status=$?
fi
echo "$status" >"$folder/status.new"
mv "$folder/status.new" "$folder/status"
`;

/** Waits for the activation's end, then for a new login. By the time since the boot: the clock may be set meanwhile. */
const GUARD = `#!/bin/sh
${COMMON}
. "$folder/settings"
exec >>"$folder/log" 2>&1 </dev/null
trap '' HUP
umask 022
cd /
HOME=~root
export HOME
echo "$$" >"$folder/guard.pid"
number() { part=\${1##*/}; part=\${part#system-}; echo "\${part%-link}"; }
now() { IFS=' .' read -r seconds _ </proc/uptime; echo "$seconds"; }
pause() { sleep 0.2 2>/dev/null || sleep 1; }
bounded() { if command -v timeout >/dev/null 2>&1; then timeout "$activate" "$@"; else "$@"; fi; }
finish() {
  echo "$1" >"$folder/outcome.new"
  mv "$folder/outcome.new" "$folder/outcome"
  exit 0
}
go_back() {
  # Whoever makes this folder has decided.
  mkdir "$folder/decided" 2>/dev/null || exit 0
  [ "$rollback" = y ] || finish kept
  echo "$1: going back to $old_system"
  failed=
  case $action in switch|boot)
    link=$(readlink "$profile") || link=
    if [ "$link" != "$old_link" ]; then
      if [ -n "$old_link" ]; then
        nix-env -p "$profile" --switch-generation "$(number "$old_link")" ||
          ln -sfn "$old_link" "$profile" || failed=y
      else rm -f "$profile" || failed=y
      fi
      # Nobody is to boot it by chance.
      [ -n "$failed" ] || nix-env -p "$profile" --delete-generations "$(number "$link")" || :
    fi ;;
  esac
  if [ -e "$folder/activating" ]; then
    step() {
      code=0
      bounded "$1/bin/switch-to-configuration" "$2" || code=$?
      # 4: some units failed, which they may have done before.
      case $code in 0|4) ;; *) failed=y ;; esac
    }
    NIXOS_INSTALL_BOOTLOADER=0
    export NIXOS_INSTALL_BOOTLOADER
    if [ "$action" = switch ] && [ "$old_default" = "$old_system" ]; then step "$old_system" switch
    else
      case $action in switch|boot) [ -z "$old_default" ] || step "$old_default" boot ;; esac
      case $action in switch|test) step "$old_system" test ;; esac
    fi
  fi
  if [ -n "$failed" ]; then finish broken; fi
  finish back
}
start_activation() {
  if [ "$systemd" = y ] && systemd-run --unit=nixos-anywhere-activation --collect --no-ask-password --quiet \\
    /bin/sh "$folder/activation" "\${folder##*/}"; then return; fi
  systemd=n
  setsid /bin/sh "$folder/activation" "\${folder##*/}" &
}
end_activation() {
  [ "$systemd" != y ] || systemctl stop nixos-anywhere-activation || :
  pid=$(cat "$folder/activation.pid" 2>/dev/null) || return 0
  kill -TERM "-$pid" 2>/dev/null || kill -TERM "$pid" 2>/dev/null || return 0
  for _ in 1 2 3 4 5; do kill -0 "$pid" 2>/dev/null || return 0; sleep 1; done
  kill -KILL "-$pid" 2>/dev/null || kill -KILL "$pid" 2>/dev/null || :
}
start_activation
end=$(($(now) + activate))
while [ ! -e "$folder/status" ]; do
  [ -d "$folder" ] || exit 0
  if [ "$(now)" -ge "$end" ]; then
    end_activation
    [ -e "$folder/status" ] || go_back "it was not activated within $activate s"
  fi
  pid=$(cat "$folder/activation.pid" 2>/dev/null) || pid=
  if [ -n "$pid" ] && ! kill -0 "$pid" 2>/dev/null && pause && [ ! -e "$folder/status" ]; then
    go_back "the activation was ended"
  fi
  pause
done
status=$(cat "$folder/status")
case $status in
0) ;;
4) [ "$forgive" = y ] || go_back "units failed" ;;
*) go_back "the activation failed with exit code $status" ;;
esac
if [ "$action" = boot ] || [ "$rollback" != y ]; then
  mkdir "$folder/decided" && finish active
fi
: >"$folder/waiting"
end=$(($(now) + confirm))
while [ -d "$folder" ] && [ ! -e "$folder/decided" ]; do
  [ "$(now)" -lt "$end" ] || go_back "no new login within $confirm s"
  pause
done
`;

const REFUSE_SECOND = `
refuse_second() {
  for pid in "$base"/*/guard.pid; do
    [ -e "$pid" ] && [ ! -e "\${pid%/*}/outcome" ] || continue
    ! kill -0 "$(cat "$pid")" 2>/dev/null || { echo busy; exit 0; }
  done
}
`;

/**
 * Looks, before anything is changed, whether the system $2 is there (`valid`), and what stands against it: `busy`, or
 * `no_way_back` where $3 says that one is wanted. $1 is the name of the update.
 */
export const LOOK = `
${COMMON}
${REFUSE_SECOND}
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
shown=$2
while :; do
  [ -d "$folder" ] || { echo gone; exit 0; }
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
