# What disko's script does with a disk of one partition: it asks nothing but a passphrase, and is as noisy.
# Only the mode disko wipes; only disko and mount mount.
partition="${disk}1"
passphrase=

destroy() {
  umount -Rv /mnt || :
  set -efux -o pipefail
  lsblk -a -f >&2
  for device in $(lsblk -nrpo NAME "$disk" | sort -r); do
    wipefs --all -f "$device"
  done
  dd if=/dev/zero of="$disk" bs=440 count=1
  lsblk -a -f >&2
}

# What cryptsetup does with a key: it takes no empty one.
take_key() {
  size=0
  case $key in
    '') return ;;
    ask) digest=$(set +x; printf %s "$passphrase" | sha256sum) size=${#passphrase} ;;
    *)
      if [ "$(stat -c %a "$key")" != 600 ]; then
        echo "the key file $key must have mode 600" >&2
        exit 1
      fi
      digest=$(sha256sum < "$key") size=$(wc -c < "$key")
      ;;
  esac
  if [ "$size" = 0 ]; then
    echo "Nothing to read on input." >&2
    exit 1
  fi
}

create() {
  set -efux
  blkid "$disk" >&2 || printf 'label: dos\n' | sfdisk --quiet "$disk"
  if ! [ -b "$partition" ]; then
    printf '2048,,L,*\n' | sfdisk --quiet "$disk"
    attempt=0
    until [ -b "$partition" ]; do
      attempt=$((attempt + 1))
      [ "$attempt" -lt 50 ]
      sleep 0.1
    done
  fi
  # What has a file system keeps it.
  if [ -z "$(blkid -s TYPE -o value "$partition")" ]; then
    if [ "$key" = ask ]; then ask_twice; fi
    take_key
    # What extlinux can read from. Not quiet: its progress is drawn with backspaces.
    mkfs.ext4 -L nixos -O '^64bit,^metadata_csum' "$partition"
  fi
}

mount_all() {
  set -efux
  if [ "$key" = ask ] && [ "${#passphrase}" = 0 ]; then ask_once; fi
  take_key
  findmnt "$partition" /mnt > /dev/null || mount -t ext4 -o defaults,X-mount.mkdir "$partition" /mnt
  if [ -n "$key" ]; then
    # In the place of an encrypted disk: shows which key arrived.
    printf '%s\n' "${digest%% *}" > /mnt/disk-key.sha256
  fi
}

case $mode in
  disko)
    destroy
    create
    mount_all
    ;;
  format) create ;;
  mount) mount_all ;;
esac
