/**
 * The shell programs that make a container: a machine's insides in namespaces of their own.
 *
 * The root is an overlay of this machine's own root, written to memory: the container has every program that
 * is installed here, and nothing that runs in it changes a file here. What could reach past the files is
 * shut: no disk is in its /dev, /sys and /proc/sys are read-only, and it lacks the capabilities to
 * reboot, to load modules and to set the clock.
 *
 * @module
 */

/**
 * Starts {@linkcode INSIDE}, the file `inside.sh` of the folder `$1`, in new namespaces and removes the folder when it has ended, however it
 * ended: this process outlives a test that is killed. `setsid` keeps a terminal's Ctrl-C from it.
 */
export const OUTSIDE = `
trap : INT TERM HUP
exec 2>"$1/errors"
unshare --mount --pid --uts --ipc --fork --kill-child --propagation private \\
  busybox sh "$1/inside.sh" "$1"
cd /
rm -rf -- "$1"
`;

/**
 * Process 1 of a container, of busybox, which needs no process for each of these commands. `$1` is the folder outside,
 * whose `setup.sh` completes the files. It prints
 * its process id as seen from outside, waits for a line, starts sshd, and ends with its input: the
 * kernel then kills everything in the container.
 */
export const INSIDE = `
set -eu
umask 022
folder=$1
homes=$(cat "$folder/homes.sh")
setup=$(cat "$folder/setup.sh")
read -r pid _ </proc/self/stat # still the /proc of the outside
mount -t tmpfs -o mode=755 box "$folder/disk"
cd "$folder/disk"
mkdir -p upper/etc upper/var work root
# A device 0:0 hides what the overlay has below it; a folder made in its place is empty.
for path in root home mnt tmp run nix etc/ssh etc/nix var/tmp .dockerenv; do
  [ ! -e "/$path" ] || mknod "upper/$path" c 0 0
done
mount -t overlay -o lowerdir=/,upperdir=upper,workdir=work box root
cd root
mkdir -p root home mnt tmp run/box run/sshd run/old nix etc/ssh etc/nix var/tmp
chmod 700 root
chmod 1777 tmp var/tmp

mount -t proc proc proc
mount -o bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mkdir -p ../kernel/random
cp -r proc/sys/kernel/. ../kernel 2>/dev/null || : # some can only be written
rm -f ../kernel/kexec_load_disabled
cp -r "$folder/kernel/." ../kernel
mount -o bind ../kernel proc/sys/kernel
mount -o remount,bind,ro proc/sys/kernel
mount -t sysfs -o ro sysfs sys
mount -t tmpfs -o mode=755 dev dev
mknod -m 666 dev/null c 1 3
mknod -m 666 dev/zero c 1 5
mknod -m 666 dev/full c 1 7
mknod -m 666 dev/random c 1 8
mknod -m 666 dev/urandom c 1 9
mknod -m 666 dev/tty c 5 0
mkdir -m 1777 dev/shm
mkdir dev/pts
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr
[ ! -e proc/sysrq-trigger ] || mount -o bind dev/null proc/sysrq-trigger
mount -o bind "$folder/shared" run/box

/bin/tar -C "$folder/stage" -c . | /bin/tar -xp --no-same-owner --no-overwrite-dir --keep-directory-symlink
pivot_root . run/old
cd /
umount -l run/old
hostname box
eval "$homes"
[ -z "$setup" ] || /bin/sh -euc "$setup"
echo "ready $pid"
read -r go
/usr/bin/setpriv --bounding-set -sys_boot,-sys_module,-sys_time,-sys_rawio \\
  /usr/sbin/sshd -D -E /run/box/sshd.log >/dev/null &
# In the foreground, so that this shell also collects the processes that lost their parents.
/bin/cat >/dev/null
`;
