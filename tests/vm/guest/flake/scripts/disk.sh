# Partitions, formats and mounts the disk: no arguments, no questions, and as noisy as disko.
set -efux
umask 0022
partition="${disk}1"

if [ -n "$key_file" ]; then
  if [ "$(stat -c %a "$key_file")" != 600 ]; then
    echo "the key file $key_file must have mode 600" >&2
    exit 1
  fi
fi

format() {
  printf 'label: dos\n2048,,L,*\n' | sfdisk --quiet --wipe always --wipe-partitions always "$disk"
  attempt=0
  until [ -b "$partition" ]; do
    attempt=$((attempt + 1))
    [ "$attempt" -lt 50 ]
    sleep 0.1
  done
  # What extlinux can read from.
  mkfs.ext4 -F -q -L nixos -O '^64bit,^metadata_csum' "$partition"
}

case $mode in
  disko)
    if mountpoint -q /mnt; then umount -l /mnt; fi
    format
    ;;
  format)
    # What is formatted already stays as it is.
    [ -b "$partition" ] && [ "$(blkid -s LABEL -o value "$partition")" = nixos ] || format
    ;;
esac

if [ "$mode" != format ]; then
  mkdir -p /mnt
  mountpoint -q /mnt || mount -t ext4 "$partition" /mnt
  chmod 755 /mnt
  if [ -n "$key_file" ]; then
    # Stands in for an encrypted disk: shows which key arrived.
    sha256sum < "$key_file" | cut -d ' ' -f 1 > /mnt/disk-key.sha256
  fi
fi
