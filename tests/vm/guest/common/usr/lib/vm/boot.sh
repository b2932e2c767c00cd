# What the first process of every stage has in common. Sourced by busybox sh.
export PATH=/usr/bin:/usr/sbin

mount_kernel_filesystems() {
  mount -t proc proc /proc
  mount -t sysfs sysfs /sys
  grep -q ' /dev devtmpfs ' /proc/mounts || mount -t devtmpfs devtmpfs /dev
  mkdir -p /dev/pts /dev/shm
  mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
  mount -t tmpfs -o mode=1777 tmpfs /dev/shm
  ln -sfn /proc/self/fd /dev/fd
  for stream in 0:stdin 1:stdout 2:stderr; do
    ln -sfn "/proc/self/fd/${stream%:*}" "/dev/${stream#*:}"
  done
  mkdir -p /run/sshd /run/lock
}

load_modules() {
  while read -r module; do
    insmod "/usr/lib/vm/modules/$module" || echo "cannot load $module"
  done < /usr/lib/vm/modules/order
}

# The address that QEMU's user networking expects its guest to have.
configure_network() {
  ip link set lo up
  ip link set eth0 up
  ip address add 10.0.2.15/24 dev eth0
  ip route add default via 10.0.2.2
}

# Tests read these lines from the serial console to tell one boot's log from the next one's.
announce_stage() {
  echo "=== stage: $1 boot_id: $(cat /proc/sys/kernel/random/boot_id) ==="
}

start_services() {
  announce_stage "$1"
  exec busybox init
}
