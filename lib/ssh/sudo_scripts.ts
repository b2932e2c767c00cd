/**
 * What runs on a target to give sudo its password.
 *
 * @module
 */

// Programs that make a pipe with a name, the usual one first.
const MAKE_PIPE = `
make_pipe() {
  mkfifo "$1" 2>/dev/null || mknod "$1" p 2>/dev/null ||
    perl -e 'use POSIX; mkfifo($ARGV[0], 0600) or exit 1' "$1" 2>/dev/null ||
    python3 -c 'import os, sys; os.mkfifo(sys.argv[1], 0o600)' "$1" 2>/dev/null
}
`;

/**
 * Keeps the password that comes as the first line of its input, and hands it out. $1 is a name that nobody else knows.
 * Prints `exec FOLDER`, or `noexec FOLDER` where programs cannot be run from any folder. It ends with its input; told
 * to `detach` it goes on without, and ends with the connection.
 */
export const SERVE_PASSWORD = `
umask 077
name=$1 folder= noexec=
IFS= read -r password || exit 1
${MAKE_PIPE}
for base in "\${HOME:-}" "\${XDG_RUNTIME_DIR:-}" "/run/user/$(id -u)" /dev/shm /tmp /var/tmp /run; do
  case $base in ''|[!/]*|*[!A-Za-z0-9/._+@-]*) continue ;; esac
  try=\${base%/}/.$name
  mkdir "$try" 2>/dev/null || continue
  if make_pipe "$try/pipe" && echo "exit 0" 2>/dev/null >"$try/works" && [ -s "$try/works" ]; then
    printf '#!/bin/sh\\nexit 0\\n' >"$try/works" && chmod 700 "$try/works"
    if "$try/works" 2>/dev/null; then folder=$try; break; fi
    if [ -z "$noexec" ]; then noexec=$try; continue; fi
  fi
  rm -rf "$try"
done
kind=exec
if [ -z "$folder" ]; then folder=$noexec kind=noexec noexec=; fi
[ -z "$noexec" ] || rm -rf "$noexec"
[ -n "$folder" ] || { echo "no folder in which a pipe can be made" >&2; exit 1; }
trap 'rm -rf "$folder"' EXIT
trap '' HUP
# Another reader may have been faster: then there is nothing, and the next is for us.
take='take() { while [ -p "$1" ]; do word=$(cat "$1"); [ -z "$word" ] || { printf "%s\\\\n" "$word"; return; }; done; return 1; }'
{ echo '#!/bin/sh'; echo "$take"; echo "take '$folder/pipe'"; } >"$folder/askpass"
# A wrong password is tried once: a third time may lock the account.
{
  echo '#!/bin/sh'
  echo "[ ! -e '$folder/asked' ] || exit 1"
  echo ": >'$folder/asked'"
  echo "exec '$folder/askpass'"
} >"$folder/askonce"
# The password, a line that nobody knows, and then what the command reads: where sudo asks for nothing after all, its
# command finds the password in front of that line, and drops it.
{
  echo '#!/bin/sh'
  echo "$take"
  cat <<'END'
${MAKE_PIPE}
umask 077
folder=\${0%/*} mode=$1
shift
guard=\${folder##*/}
make_pipe "$folder/in.$$" || exit 1
exec 3<&0
{ take "$folder/pipe"; echo "$guard"; exec cat; } <&3 >"$folder/in.$$" &
feeder=$!
exec 3<&- 4<"$folder/in.$$"
rm -f "$folder/in.$$"
set -- sh -c 'IFS= read -r line; [ "$line" = "$1" ] || IFS= read -r line; shift; exec "$@"' sh "$guard" "$@"
status=0
case $mode in
quiet) sudo -k -S -p '' -- "$@" <&4 4<&- || status=$? ;;
*) sudo -S -- "$@" <&4 4<&- || status=$? ;;
esac
kill "$feeder" 2>/dev/null
exit "$status"
END
} >"$folder/sudo"
chmod 700 "$folder/askpass" "$folder/askonce"
( trap - EXIT
  while printf '%s\\n' "$password" >"$folder/pipe"; do sleep 0.1 2>/dev/null || sleep 1; done
) </dev/null >/dev/null 2>&1 &
server=$!
echo "$kind $folder"
word=
IFS= read -r word
if [ "$word" = detach ]; then
  # The process of the connection, as far up as it can be seen.
  pid=$PPID
  while read -r _ comm _ parent _ <"/proc/$pid/stat"; do
    case $comm in '(sshd'*|'(dropbear'*) break ;; esac
    [ "$parent" -gt 1 ] || break
    pid=$parent
  done 2>/dev/null
  trap - EXIT
  (
    while [ -d "/proc/$pid" ] || kill -0 "$pid" 2>/dev/null; do sleep 1; done
    kill "$server"
    rm -rf "$folder"
  ) </dev/null >/dev/null 2>&1 &
  exit 0
fi
kill "$server"
`;

/**
 * Finds out how sudo takes the password: prints `mode askpass`, `quiet` or `plain`; else what it said, each line behind
 * `said`. $1 is the folder, $2 whether programs run from there.
 */
export const CHECK_SUDO = `
folder=$1 said=
export LC_ALL=C
if [ "$2" = exec ]; then
  if said=$(SUDO_ASKPASS=$folder/askonce sudo -A -- sh -c : 2>&1); then echo "mode askpass"; exit 0; fi
  # It was asked for: what was refused is not sent again.
  [ ! -e "$folder/asked" ] || { printf '%s\\n' "$said" | sed 's/^/said /'; exit 0; }
fi
try() {
  case $1 in
  quiet) sudo -k -S -p '' -- sh -c : ;;
  *) sudo -S -- sh -c : ;;
  esac
}
for mode in quiet plain; do
  # The password and no more: a second question would be answered by something else.
  if said=$(sh "$folder/askpass" | try "$mode" 2>&1); then
    answer=$(echo payload | sh "$folder/sudo" "$mode" cat 2>/dev/null) || :
    [ "$answer" != payload ] || { echo "mode $mode"; exit 0; }
  fi
  case $said in *option*|*sage:*|*argument*) ;; *) break ;; esac
done
printf '%s\\n' "$said" | sed 's/^/said /'
`;
