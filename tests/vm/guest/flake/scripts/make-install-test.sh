# Builder of system.build.installTest.
"$static/busybox" echo "installed" > "$out"
