#!/bin/busybox sh
# First program of the machine. Mounts what the agent needs, lets it find and check the root, and hands over.
# Without a root that is checked, nothing of the medium runs: the machine restarts.
b=/bin/busybox
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
$b mkdir -p /proc /sys /dev /run /sysroot /sbin /tmp
$b mount -t proc -o nosuid,nodev,noexec proc /proc
$b mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
$b mount -t devtmpfs -o nosuid,mode=0755 devtmpfs /dev
$b mount -t tmpfs -o nosuid,nodev,mode=0755 tmpfs /run
# The kernel itself calls /sbin/modprobe, e.g. for the checksums of ext4 and dm-verity.
$b ln -sf $b /sbin/modprobe

say() {
  for console in $($b cat /sys/class/tty/console/active); do
    $b printf 'kiln: %s\r\n' "$1" >"/dev/$console"
  done
}

/bin/kiln-agent initramfs
code=$?

if [ $code -eq 0 ]; then
  for folder in /proc /sys /dev /run; do
    $b mount --move $folder /sysroot$folder
  done
  exec $b switch_root /sysroot /sbin/init
  code=switch_root
fi
# 64: the command line has rd.shell.
if [ "$code" = 64 ]; then
  say 'rescue shell; leaving it restarts the machine'
  $b setsid $b cttyhack $b sh
else
  say "cannot boot ($code); restarting in 10 seconds"
  $b sleep 10
fi
$b sync
$b reboot -f
