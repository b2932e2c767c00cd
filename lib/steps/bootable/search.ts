/**
 * The shell code that looks for what starts a system. It has to work with any sh and any tools: what is not
 * everywhere (`cmp`, `find -printf`, `grep -a`) is not used, or done without.
 *
 * @module
 */

/**
 * Prints what is known below /mnt of the system `$1`, or of the profile's if that is empty; lines that begin with `boot`.
 * Links below /mnt are absolute: they are followed by hand. Near the loaders first, then everywhere: other data may be
 * large, so depth, number and size of files are bounded.
 */
export const SEARCH = `
PATH=$PATH:/usr/sbin:/sbin:/run/current-system/sw/bin
LC_ALL=C
export LC_ALL
say() { printf 'boot %s\\n' "$*"; }
quit() { say "$@"; say end; exit 0; }
inside() {
  todo=$1 at= links=0
  while [ -n "$todo" ]; do
    part=\${todo%%/*}
    case $todo in */*) todo=\${todo#*/} ;; *) todo= ;; esac
    case $part in ''|.) continue ;; ..) at=\${at%/*}; continue ;; esac
    if [ ! -h "/mnt$at/$part" ] || [ "$links" -ge 40 ]; then at=$at/$part; continue; fi
    links=$((links + 1))
    next=$(readlink "/mnt$at/$part")
    case $next in /*) at= ;; esac
    todo=$next\${todo:+/$todo}
  done
  printf '%s\\n' "$at"
}
near= any= found= system=$1
set -f -- -path /mnt/nix/store -o -path /mnt/nix/var
for name in dev proc sys run tmp var/log lost+found; do set -- "$@" -o -path "/mnt/$name"; done
while read -r _ _ _ _ at rest; do
  case $at in /mnt|/mnt/*) ;; *) continue ;; esac
  case $at in *\\\\*) at=$(printf "$(printf '%s' "$at" | sed 's/%/%%/g')") ;; esac
  type=\${rest#* - }
  any=y
  case \${type%% *} in
    proc|sysfs|devtmpfs|devpts|cgroup*|efivarfs|securityfs|debugfs|tracefs|configfs|bpf|mqueue|hugetlbfs|pstore|autofs)
      set -- "$@" -o -path "$at"; continue ;;
    vfat|msdos|exfat) near="$near$at
" ;;
  esac
  say mount "$at"
done </proc/self/mountinfo
[ -n "$any$system" ] || quit unknown 'nothing is mounted at /mnt'
profile=$(inside /nix/var/nix/profiles/system)
system=\${system:-$profile}
[ -e "/mnt$profile" ] || quit trouble 'no system profile in /nix/var/nix/profiles'
[ "$profile" = "$system" ] || quit trouble "the system profile is $profile"
for part in kernel initrd; do
  [ ! -s "/mnt$(inside "$system/$part")" ] || continue
  if [ -h "/mnt$system/$part" ] || [ -e "/mnt$system/$part" ]; then quit trouble "$system/$part is missing"; fi
  # Containers have neither; a system may be made without an initrd, which its boot.json then does not name.
  if [ "$part" = kernel ]; then
    for other in initrd kernel-params boot.json; do
      if [ -h "/mnt$system/$other" ] || [ -e "/mnt$system/$other" ]; then quit trouble "$system/$part is missing"; fi
    done
    say unknown "$system has no kernel of its own, as a container's"
    break
  fi
  spec=/mnt$(inside "$system/boot.json")
  if [ ! -r "$spec" ] || grep -q '"initrd"' "$spec"; then quit trouble "$system/$part is missing"; fi
done
say name "$system"
say name /nix/var/nix/profiles/system
link=$(readlink /mnt/nix/var/nix/profiles/system) || link=
case $link in ''|*[!A-Za-z0-9._-]*) link=system ;; esac
say name "/nix/var/nix/profiles/$link"
for tool in find grep xargs head tr sed; do
  command -v "$tool" >/dev/null 2>&1 || quit unknown "the installer has no $tool to look for its boot loader with"
done
set +f
for start in /mnt/boot* /mnt/efi* /mnt/EFI* /mnt/esp* /mnt/ESP* /mnt/sbin /mnt/init /mnt/nix/boot* /mnt/*/boot; do
  [ -e "$start" ] || continue
  case $near in *"$start
"*) ;; *) near="$near$start
" ;; esac
done
set -f
# $1 the folders to begin at, a line each, $2 blocks of 512 bytes that a file has at most, $3 how many files.
files() {
  starts=$1 size=$2 most=$3
  shift 3
  (
    IFS='
'
    find $starts -maxdepth 8 '(' "$@" ')' -prune -o -type f -size +0 -size "-$size" -print 2>/dev/null || :
  ) | head -n "$most"
}
# Which files of the input hold one of the words.
holding() { tr '\\n' '\\000' | xargs -0 grep -lsF "$@" -- 2>/dev/null | head -n 30; }
by_init() { holding -e "$system/init" -e /nix/var/nix/profiles/system/init -e "/nix/var/nix/profiles/$link/init"; }
show() {
  while IFS= read -r file; do
    if [ "$(head -c 2 "$file")" = MZ ]; then
      say image "$file"
      tr -c '\\040-\\176' '\\n' <"$file" | grep -F -e "$system" -e '\\EFI\\' | head -n 40 | sed 's/^/boot | /' || :
    else
      say text "$file"
      head -c 100000 "$file" | tr -c '\\011\\012\\040-\\176\\200-\\377' '\\n' | sed 's/^/boot | /' || :
      [ "$(wc -c <"$file")" -le 100000 ] || { echo; say cut; }
    fi
    echo
  done
}
# What runs in a container, or without an initrd, is started by a link; others have a folder of links to it.
for start in /mnt/init /mnt/sbin/init /mnt/boot/default/init; do
  [ -h "$start" ] || continue
  case $(readlink "$start") in "$system"/*|/nix/var/nix/profiles/system/*) ;; *) continue ;; esac
  found=y
  case $start in /mnt/boot/*) say unknown "only \${start#/mnt} leads to it" ;; *) say link "$start" ;; esac
done
printf '%s\\n' "\${near:-/mnt/boot}" | while IFS= read -r start; do
  [ -f "$start/loader/loader.conf" ] || continue
  sed -n -e 's/^[[:blank:]]*default[[:blank:]][[:blank:]]*/boot default /p' \\
    -e 's/^[[:blank:]]*preferred[[:blank:]][[:blank:]]*/boot default /p' <"$start/loader/loader.conf" | head -n 20 || :
done
list=$(files "\${near:-/mnt/boot}" 8193 20000 "$@")
hits=$(printf '%s\\n' "$list" | by_init) || :
if [ -z "$hits" ]; then
  # Programs for EFI that hold kernel and initrd; they may be large.
  list=$(files "\${near:-/mnt/boot}" 1048577 2000 "$@")
  hits=$(printf '%s\\n' "$list" | holding -e "$system/init") || :
  # Other greps than GNU's look at a line only up to its first NUL.
  if [ -z "$hits" ] && ! grep --version 2>/dev/null | grep -q GNU; then
    hits=$(printf '%s\\n' "$list" | while IFS= read -r file; do
      case $file in *.[eE][fF][iI]|*.uki) ;; *) continue ;; esac
      ! tr -c '\\040-\\176' '\\n' <"$file" | grep -qF "$system/init" || printf '%s\\n' "$file"
    done)
  fi
fi
if [ -z "$hits$found" ]; then
  list=$(files /mnt 8193 20000 "$@")
  hits=$(printf '%s\\n' "$list" | by_init) || :
  [ -n "$hits" ] || hits=$(printf '%s\\n' "$list" | holding -e "$system") || :
  if [ -z "$hits" ] && [ "$(printf '%s\\n' "$list" | grep -c .)" -ge 20000 ]; then
    say unknown 'there are too many files below /mnt to look at all of them'
  fi
fi
[ -z "$hits" ] || { printf '%s\\n' "$hits" | show; found=y; }
if [ -z "$found" ]; then
  set +f
  for file in /sys/firmware/efi/efivars/Boot[0-9A-F]*; do
    [ -r "$file" ] || continue
    ! tr -d '\\000' <"$file" 2>/dev/null | grep -qF "$system/init" || say variable "\${file##*/}"
  done
fi
say end
`;

/**
 * Prints `boot there N PATH` for each of the files that is there; `$1` the mount points, a line each, then two words a file: the folder of the
 * entry and the name. A loader sees a file system's own root, or that of a subvolume or dataset: any tail will do.
 */
export const FILES_THERE = `
set -f
mounts=$1 number=0
shift
IFS='
'
is_file() {
  at=$1
  if [ -h "$1" ]; then
    case $(readlink "$1") in /*) at=/mnt$(readlink "$1"); [ -s "$at" ] && return 0 ;; esac
  fi
  at=$1
  [ -f "$1" ] && [ -s "$1" ]
}
find_file() {
  tail=$2
  while :; do
    base=$1
    while :; do
      ! is_file "$base/$tail" || return 0
      [ "$base" != /mnt ] && [ -n "$base" ] || break
      base=\${base%/*}
    done
    for base in $mounts /mnt /mnt/nix; do
      ! is_file "$base/$tail" || return 0
    done
    case $tail in */*) tail=\${tail#*/} ;; *) return 1 ;; esac
  done
}
while [ $# -gt 1 ]; do
  number=$((number + 1))
  if find_file "$1" "$2"; then printf 'boot there %s %s\\n' "$number" "$at"; fi
  shift 2
done
echo 'boot end'
`;
