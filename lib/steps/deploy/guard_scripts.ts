/**
 * What runs on a target while a system is activated: an activation, and a guard that outlives the login, the activation
 * and a restart of the network, and goes back to the system before unless a new login says otherwise.
 *
 * @module
 */

/** Where a running update keeps what it knows, in a folder of its own: only one runs at a time. */
const BASE = "/run/nixos-anywhere-update";

/** Seconds that going back may take at least: broken off, it would leave a machine between two systems. */
export const GOING_BACK = 600;

/** Where an update keeps what it knows; $1 is its name. */
export const COMMON = `
PATH=$PATH:/run/current-system/sw/bin:/nix/var/nix/profiles/default/bin:/usr/sbin:/sbin
export PATH
base=${BASE}
folder=$base/$1
profile=/nix/var/nix/profiles/system
`;

/** Sets the profile and activates. Its status file is the last that it writes. */
export const ACTIVATION = `#!/bin/sh
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
export const GUARD = `#!/bin/sh
${COMMON}
. "$folder/settings"
exec >>"$folder/log" 2>&1 </dev/null
trap '' HUP
# The programs that are used below, wherever an activation that broke off has left /run/current-system.
[ -z "$old_system" ] || PATH=$PATH:$old_system/sw/bin
umask 022
cd /
HOME=~root
export HOME
echo "$$" >"$folder/guard.pid"
number() { part=\${1##*/}; part=\${part#system-}; echo "\${part%-link}"; }
now() { IFS=' .' read -r seconds _ </proc/uptime; echo "$seconds"; }
pause() { sleep 0.2 2>/dev/null || sleep 1; }
back=$activate
[ "$back" -ge ${GOING_BACK} ] || back=${GOING_BACK}
bounded() { if command -v timeout >/dev/null 2>&1; then timeout "$back" "$@"; else "$@"; fi; }
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
  token=\${folder##*/}
  if [ "$systemd" = y ] && systemd-run --unit="nixos-anywhere-activation-$token" --collect --no-ask-password \\
    --quiet -p TimeoutStopSec=10 /bin/sh "$folder/activation" "$token"; then return; fi
  systemd=n
  if command -v setsid >/dev/null 2>&1; then setsid /bin/sh "$folder/activation" "$token" &
  else /bin/sh "$folder/activation" "$token" &
  fi
}
end_activation() {
  [ "$systemd" != y ] || systemctl stop "nixos-anywhere-activation-$token" || :
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
