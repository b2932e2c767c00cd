/**
 * Shell code that lists the disks of a target.
 *
 * @module
 */

/**
 * Defines `list_disks`, which prints what `lsblk --pairs` would, for a script that has `have` and `first_line`. Old
 * versions of lsblk refuse columns that they do not know; where there is none the kernel's own files are read.
 */
export const LIST_DISKS = `
list_disks() {
  columns=NAME,PKNAME,TYPE,SIZE,MODEL,SERIAL,FSTYPE,LABEL,MOUNTPOINT listing=
  if have lsblk; then
    # It may read from a disk that answers no more; of busybox' timeout there are two kinds.
    limit= listed=0
    ! timeout 9 true >/dev/null 2>&1 || limit='timeout -s KILL 20'
    listing=$($limit lsblk -bnP -o "$columns,WWN" 2>/dev/null) || listed=$?
    [ -n "$listing" ] || [ "$listed" = 137 ] || listing=$($limit lsblk -bnP -o "$columns" 2>/dev/null) || :
  fi
  if [ -n "$listing" ]; then printf '%s\\n' "$listing"; return; fi
  for at in /sys/block/*; do
    disk=\${at##*/}
    case $disk in '*'|loop*|ram*|zram*|fd*|sr*|dm-*|md*|nbd*) continue ;; esac
    first_line "$at/size"
    case $line in ''|*[!0-9]*) continue ;; esac
    size=$((line * 512))
    first_line "$at/device/model"; model=$line
    serial=
    for file in serial device/serial; do
      [ -n "$serial" ] || { first_line "$at/$file"; serial=$line; }
    done
    [ -n "$serial" ] || serial=$(tr -cd ' -~' <"$at/device/vpd_pg80" 2>/dev/null) || :
    first_line "$at/wwid"; [ -n "$line" ] || first_line "$at/device/wwid"
    case $line in t10.*) line= ;; esac
    printf 'NAME="%s" PKNAME="" TYPE="disk" SIZE="%s" MODEL="%s" SERIAL="%s" WWN="%s" FSTYPE="unknown contents"\\n' \\
      "$disk" "$size" "$model" "$serial" "$line"
    [ ! -r /proc/mounts ] || while read -r device where type _; do
      case $device in "/dev/$disk"|"/dev/$disk"[0-9]*|"/dev/\${disk}p"[0-9]*) ;; *) continue ;; esac
      printf 'NAME="%s-" PKNAME="%s" TYPE="part" FSTYPE="%s" MOUNTPOINT="%s"\\n' "\${device#/dev/}" "$disk" "$type" "$where"
    done </proc/mounts
  done
}
`;
