# The part of disko's script that a configuration has whose passphrase is in no file; the others have nothing of it.
# Asks at a terminal or without one; what cannot be read is an empty passphrase.
ask_twice() {
  set +x
  printf 'Enter password for %s: ' "$partition"
  IFS= read -r -s passphrase || :
  printf '\nEnter password for %s again to be safe: ' "$partition"
  IFS= read -r -s again || :
  echo
  [ "$passphrase" = "$again" ] || exit 1
  set -x
}

ask_once() {
  set +x
  printf 'Enter password for %s\n' "$partition"
  IFS= read -r -s passphrase
  set -x
}
