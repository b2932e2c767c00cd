# Called by mmdebstrap with the root folder of a finished Debian: makes a machine of it, and a disk of that.
# Nothing here changes a setting of a package: users, a network and a name are what an installation asks for.
# $1 root, $2 folder of the files to make, $3 folder with host keys, authorized_keys and password, $4 size of the disk.
set -eu
root=$1 made=$2 given=$3 size=$4

echo target > "$root/etc/hostname"
printf '127.0.0.1 localhost\n127.0.1.1 target\n::1 localhost ip6-localhost ip6-loopback\n' > "$root/etc/hosts"
echo "/dev/vda1 / ext4 errors=remount-ro 0 1" > "$root/etc/fstab"
printf 'auto lo\niface lo inet loopback\n\nallow-hotplug ens3\niface ens3 inet dhcp\n' > "$root/etc/network/interfaces"
rm -f "$root/etc/resolv.conf"
chroot "$root" systemd-machine-id-setup > /dev/null

rm -f "$root"/etc/ssh/ssh_host_*
install -m 600 "$given"/ssh_host_*_key "$root/etc/ssh"
install -m 644 "$given"/ssh_host_*_key.pub "$root/etc/ssh"

# As an image for the cloud has it, and as an installation asks for it.
for user in admin clerk; do
  chroot "$root" useradd --create-home --shell /bin/bash --groups sudo "$user"
done
echo "admin ALL=(ALL) NOPASSWD:ALL" > "$root/etc/sudoers.d/90-cloud-init-users"
chmod 440 "$root/etc/sudoers.d/90-cloud-init-users"
{ printf clerk:; cat "$given/password"; } | chroot "$root" chpasswd
for home in root home/admin; do
  install -m 700 -d "$root/$home/.ssh"
  install -m 600 "$given/authorized_keys" "$root/$home/.ssh"
done
chroot "$root" chown -R admin:admin /home/admin/.ssh

cp "$root"/boot/vmlinuz-* "$made/kernel"
cp "$root"/boot/initrd.img-* "$made/initrd"
# A bind mount shows the folder without what is mounted below it.
# shellcheck disable=SC2016
unshare --mount --propagation private sh -euc '
  mkdir "$2/root"
  mount --bind "$1" "$2/root"
  truncate -s "$3" "$2/disk"
  printf "label: dos\n2048,,L,*\n" | sfdisk --quiet "$2/disk"
  mke2fs -q -F -t ext4 -L debian -d "$2/root" -E offset=1048576,lazy_itable_init=0 "$2/disk" \
    "$(($(stat -c %s "$2/disk") / 1024 - 1024))k"
  umount "$2/root"
  rmdir "$2/root"
' sh "$root" "$made" "$size"
