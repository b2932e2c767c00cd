/**
 * Whether a target is a container: it cannot kexec. Images of virtual machines are made from containers, and keep their
 * marks: a machine that shows its kernel's own threads has process numbers of no container.
 *
 * @module
 */

/**
 * Shell code that prints the facts `container` and, where there are signs for and against it, `maybe_container`. It uses
 * `fact`, `have` and `first_line`, and works without systemd's own program for it.
 */
export const FIND_CONTAINER: string = `
container=none
word_of() { case $1 in ''|*[!A-Za-z0-9_.-]*) ;; *) container=$1 ;; esac; }
if have systemd-detect-virt; then
  word_of "$(systemd-detect-virt --container 2>/dev/null || :)"
else
  first_line /run/systemd/container
  word_of "$line"
  if [ "$container" = none ] && [ -r /proc/1/environ ]; then
    word_of "$(tr '\\000' '\\n' 2>/dev/null </proc/1/environ | sed -n 's/^container=//p')"
  fi
  if [ "$container" != none ]; then :
  elif [ -e /proc/vz ] && [ ! -e /proc/bc ]; then container=openvz
  elif [ -e /run/.containerenv ]; then container=podman
  elif [ -e /.dockerenv ]; then container=docker
  elif [ -e /dev/lxd/sock ] || [ -e /dev/incus/sock ] || [ -e /dev/.lxc-boot-id ]; then container=lxc
  elif [ -e /proc/sys/fs/binfmt_misc/WSLInterop ] || [ -e /run/WSL ]; then container=wsl
  fi
fi
# Whoever is root of a part of the user ids only may not load a kernel.
if [ "$container" = none ] && [ -r /proc/self/uid_map ]; then
  while read -r inner outer count; do
    [ "$inner $outer" = '0 0' ] && [ "$count" = 4294967295 ] || container=user-namespace
  done </proc/self/uid_map
fi
first_line /proc/2/comm
if [ "$line" = kthreadd ] && [ "$container" != none ] && [ "$container" != user-namespace ]; then
  fact maybe_container "$container"
  container=none
fi
fact container "$container"
`;
