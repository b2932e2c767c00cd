# Builder of system.build.toplevel, laid out as a real one.
bb=$static/busybox
for tool in mkdir ln cat cp sed chmod; do
  eval "$tool() { \"\$bb\" $tool \"\$@\"; }"
done

mkdir -p "$out/bin"
ln -s "$kernel/bzImage" "$out/kernel"
ln -s "$initrd/initrd" "$out/initrd"
ln -s "$rootfs/usr" "$out/sw"
printf '%s' "console=ttyS0 panic=30 loglevel=4 no_timer_check mitigations=off init_on_alloc=0" > "$out/kernel-params"
printf '%s' 25.11.demo > "$out/nixos-version"
printf '%s' x86_64-linux > "$out/system"

cp -R "$rootfs/etc" "$out/etc"
chmod -R u+w "$out/etc"
printf '%s\n' "$hostName" > "$out/etc/hostname"
mkdir -p "$out/etc/ssh/authorized_keys.d"
cat "$authorizedKeys" > "$out/etc/ssh/authorized_keys.d/root"
cat > "$out/etc/os-release" <<RELEASE
NAME=NixOS
ID=nixos
VERSION="25.11 (Xantusia)"
VERSION_ID="25.11"
PRETTY_NAME="NixOS 25.11 (Xantusia), configuration $hostName"
RELEASE
if [ -n "$hardware" ]; then cat "$hardware" > "$out/etc/hardware"; fi

for script in init activate bin/switch-to-configuration; do
  sed -e "s|@static@|$static|g" -e "s|@rootfs@|$rootfs|g" -e "s|@out@|$out|g" -e "s|@device@|$device|g" \
    "$scripts/${script##*/}" > "$out/$script"
  chmod 755 "$out/$script"
done
