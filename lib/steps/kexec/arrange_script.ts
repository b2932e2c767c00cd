/**
 * The shell code that arranges what an image gathers. Around `kexec/run`, and for no other process, `/etc/ssh` is a
 * copy with the host keys and our key in it: nothing is written to the target's own files. Only where mount
 * namespaces do not work the files are changed, and changed back as soon as the image has read them.
 *
 * @module
 */

/** Runs a command that sees the copies in place of the files. `$1` is their folder, then comes the command. */
const PRIVATE = String.raw`
set -u
next=$1 etc= root= user= made_root= made_user=
shift
undo() {
  trap '' HUP INT TERM PIPE
  for made in "$made_user" "$made_root" "$etc"; do [ -z "$made" ] || rmdir "$made"; done
} 2>/dev/null
trap undo EXIT
trap 'exit 143' HUP INT TERM PIPE
# A mount needs a folder to be on.
[ -d /etc/ssh ] || { etc=/etc/ssh; mkdir /etc/ssh || exit 1; }
if [ -d "$next/root" ]; then
  root=/root/.ssh
  [ -d "$root" ] || { made_root=$root; mkdir "$root" || root=; }
fi
if [ -d "$next/user" ]; then
  user=$(cat "$next/user_path")
  [ -d "$user" ] || { made_user=$user; mkdir "$user" || user=; }
fi
unshare -m sh -euc '
next=$1 root=$2 user=$3
shift 3
mount --make-rprivate /
mount --bind "$next/ssh" /etc/ssh
[ -z "$root" ] || mount --bind "$next/root" "$root"
[ -z "$user" ] || mount --bind "$next/user" "$user"
exec "$@"
' boot "$next" "$root" "$user" "$@"
`;

/** Runs a command while our key and missing host keys are in the target's own files. */
const WRITTEN = String.raw`
set -u
next=$1 size= made= planted=
shift
file=$(cat "$next/file")
undo() {
  trap '' HUP INT TERM PIPE
  for key in $planted; do rm -f "$key" "$key.pub"; done
  [ "$made" != folder ] || { rm -f "$file"; rmdir "$(dirname "$file")"; }
  [ "$made" != file ] || rm -f "$file"
  [ -n "$size" ] || return 0
  if [ "$(wc -c <"$file")" -le "$end" ]; then dd if=/dev/null of="$file" bs=1 seek="$size"
  else
    # Somebody else has written there since.
    rest=$(grep -vxF -- "$own" "$file") || [ "$?" = 1 ] || return 0
    printf '%s\n' "$rest" >"$file"
  fi
} 2>/dev/null
trap undo EXIT
trap 'exit 143' HUP INT TERM PIPE
if [ -n "$file" ]; then
  own=$(cat "$next/own")
  if [ ! -e "$file" ]; then
    made=file
    [ -d "$(dirname "$file")" ] || { made=folder; mkdir "$(dirname "$file")" || exit 1; }
    printf '%s\n' "$own" >"$file" || exit 1
  else
    # A last line without its line feed would swallow ours.
    [ ! -s "$file" ] || [ -z "$(tail -c 1 "$file")" ] || own=$(printf '\n%s' "$own")
    size=$(wc -c <"$file") || exit 1
    size=$((size)) end=$((size + $(printf '%s\n' "$own" | wc -c)))
    printf '%s\n' "$own" >>"$file" || exit 1
    own=$(cat "$next/own")
  fi
  grep -qxF -- "$own" "$file" || exit 1
fi
for type in ed25519 rsa ecdsa; do
  from=$next/ssh/ssh_host_"$type"_key to=/etc/ssh/ssh_host_"$type"_key
  if [ ! -s "$from" ] || [ -e "$to" ] || [ -h "$to" ]; then continue; fi
  mkdir -p /etc/ssh
  planted="$planted $to"
  { cp "$from" "$to" && cp "$from.pub" "$to.pub"; } || exit 1
done
"$@"
`;

/**
 * Makes the folder `arranged` beside the image: `boot` in it runs the image's script. `$1` the image's folder, `$2` the
 * public key that logs in without anybody's help, or nothing, `$3` ours, `$4` and `$5` a host key, in case that there is
 * none. Its answer: `key certain|planted|nowhere`, `host_key TYPE BASE64`, `host_keys elsewhere|none`, and
 * `gathers WHAT` for what the image's script names.
 */
export const ARRANGE = String.raw`
folder=$1 certain=$2 own=$3 fresh=$4 fresh_public=$5
umask 077
# In Turkish there is no i between a and z: keys would be cut off there.
LC_ALL=C
export LC_ALL
PATH=$PATH:/usr/sbin:/sbin:/usr/local/sbin:/run/current-system/sw/bin
next=$folder/arranged
rm -rf "$next"
mkdir "$next" "$next/ssh"
cp -R -L -p /etc/ssh/. "$next/ssh/" 2>/dev/null || :
gathers() { grep -q "$1" "$folder/kexec/run" 2>/dev/null; }
for name in authorized_keys ssh_host_; do ! gathers "$name" || echo "gathers $name"; done

# The public half of a host key; nothing where it is none.
public() {
  [ -s "$1" ] || return 0
  { ssh-keygen -y -P '' -f "$1" </dev/null || sed -n 1p "$1.pub"; } 2>/dev/null |
    sed -n 's/^\([a-z0-9@.-]* [A-Za-z0-9+/=]*\).*/\1/p' | sed -n 1p
}
# Those that the ssh server uses go under the names that the image knows.
sshd=$(command -v sshd) || sshd=/usr/sbin/sshd
{ "$sshd" -T </dev/null || cat /etc/ssh/sshd_config /etc/ssh/sshd_config.d/*.conf; } 2>/dev/null |
  sed -n 's/"//g; s/^[[:space:]]*[Hh][Oo][Ss][Tt][Kk][Ee][Yy][[:space:]=][[:space:]]*//p' >"$next/paths" || :
types= moved=
while IFS= read -r path; do
  [ -f "$path" ] || continue
  line=$(public "$path")
  case $line in
  ssh-ed25519\ *) type=ed25519 ;;
  ssh-rsa\ *) type=rsa ;;
  ecdsa-*) type=ecdsa ;;
  *) continue ;;
  esac
  case " $types " in *" $type "*) continue ;; esac
  types="$types $type"
  name=ssh_host_"$type"_key
  if [ "$path" = "/etc/ssh/$name" ] && [ ! -h "$path" ]; then continue; fi
  moved=y
  rm -f "$next/ssh/$name"*
  cp -L "$path" "$next/ssh/$name"
  chmod 600 "$next/ssh/$name"
  printf '%s\n' "$line" >"$next/ssh/$name.pub"
done <"$next/paths"
found= here=
for type in ecdsa ed25519 rsa; do
  name=ssh_host_"$type"_key
  # The installer's ssh server has no use for one of ecdsa.
  [ "$type" = ecdsa ] || [ -z "$(public "$next/ssh/$name")" ] || found=y
  # As a link the image would take it, to nowhere.
  if [ -h "/etc/ssh/$name" ]; then moved=y; elif [ -f "/etc/ssh/$name" ]; then here=y; fi
done
if [ -z "$found" ] && [ -n "$fresh" ]; then
  rm -f "$next"/ssh/ssh_host_ed25519_key*
  printf '%s\n' "$fresh" >"$next/ssh/ssh_host_ed25519_key"
  printf '%s\n' "$fresh_public" >"$next/ssh/ssh_host_ed25519_key.pub"
  moved=y
elif [ -z "$found" ]; then
  echo host_keys none
fi
[ -z "$moved" ] || [ -n "$here" ] || echo host_keys elsewhere
for key in "$next"/ssh/ssh_host_*_key; do
  line=$(public "$key")
  [ -z "$line" ] || echo "host_key $line"
done

user=$(env | sed -n 's/^DOAS_USER=//p; s/^SUDO_USER=//p' | sed -n 1p)
home=/root
case $user in
'' | -* | *[!A-Za-z0-9._-]*) user=root ;;
*) home=$(sh -c "echo ~$user") ;;
esac
key=planted
for file in /root/.ssh/authorized_keys /root/.ssh/authorized_keys2 "$home/.ssh/authorized_keys" \
  "$home/.ssh/authorized_keys2" /etc/ssh/authorized_keys.d/root "/etc/ssh/authorized_keys.d/$user"; do
  if [ -z "$certain" ] || [ ! -f "$file" ]; then continue; fi
  # With options before it, or behind another type of space, the key would be lost or changed.
  ! grep -q -e "^$certain\$" -e "^$certain " "$file" || key=certain
done
add() {
  mkdir -p "$1"
  [ ! -s "$1/$2" ] || [ -z "$(tail -c 1 "$1/$2")" ] || echo >>"$1/$2"
  printf '%s\n' "$own" >>"$1/$2"
}
: >"$next/file"
printf '%s\n' "$own" >"$next/own"
if [ "$key" = planted ]; then
  add "$next/ssh/authorized_keys.d" root
  if ! gathers authorized_keys.d; then
    for name in authorized_keys authorized_keys2; do
      [ ! -f "/root/.ssh/$name" ] || { mkdir -p "$next/root"; cat "/root/.ssh/$name" >"$next/root/$name"; }
      [ "$user" = root ] || [ ! -f "$home/.ssh/$name" ] || { mkdir -p "$next/user"; cat "$home/.ssh/$name" >"$next/user/$name"; }
    done
    add "$next/root" authorized_keys
    [ "$user" = root ] || { add "$next/user" authorized_keys; echo "$home/.ssh" >"$next/user_path"; }
  fi
fi
echo 'shift; exec "$@"' >"$next/boot"
if [ "$key$moved" = certain ]; then echo "key certain"; return 0; fi
cat >"$next/boot" <<'PRIVATE'
${PRIVATE}
PRIVATE
: >"$next/ssh/.arranged"
if sh "$next/boot" "$next" test -e /etc/ssh/.arranged 2>/dev/null && [ ! -e /etc/ssh/.arranged ]; then
  echo "key $key"
  return 0
fi
cat >"$next/boot" <<'WRITTEN'
${WRITTEN}
WRITTEN
if [ "$key" = planted ]; then
  key=nowhere
  for file in /root/.ssh/authorized_keys /root/.ssh/authorized_keys2 /etc/ssh/authorized_keys.d/root \
    "$home/.ssh/authorized_keys" "$home/.ssh/authorized_keys2"; do
    printf '%s' "$file" >"$next/file"
    if sh "$next/boot" "$next" true 2>/dev/null; then key=planted; break; fi
    : >"$next/file"
  done
fi
if [ -n "$moved" ] && [ -z "$here" ] && ! sh "$next/boot" "$next" test -s /etc/ssh/ssh_host_ed25519_key -o -s /etc/ssh/ssh_host_rsa_key; then
  echo host_keys lost
fi
echo "key $key"
`;
