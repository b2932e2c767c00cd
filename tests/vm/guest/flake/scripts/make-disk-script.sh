# Builder of the disk scripts: an executable that is the store path itself, as disko makes it.
bb=$static/busybox
if [ -n "$tools" ]; then
  # The script brings everything it calls.
  start="#!$tools/usr/bin/bash
export PATH=$tools/usr/bin:$tools/usr/sbin LD_LIBRARY_PATH=$tools/usr/lib/x86_64-linux-gnu"
else
  # The script makes do with what the installer has.
  start="#!/usr/bin/env bash"
fi
{
  echo "$start"
  echo "mode='$mode' disk='$device' key='$key'"
  if [ "$key" = ask ]; then "$bb" cat "$scripts/ask.sh"; fi
  "$bb" cat "$scripts/disk.sh"
} > "$out"
"$bb" chmod 755 "$out"
