# Runs as root in a mount namespace of its own: $1 is a disk image that is installed, $2 how often, $3 Node.js, $4 time-command.ts. Prints, for each time that
# `kiln-agent state --json` ran on its disk and in its root, how long it took, in microseconds; last what it took of a
# processor on average.
set -eu
work=$(mktemp -d)
mount -t tmpfs tmpfs "$work"
root=$work/root
state=$root/run/initramfs/cos-state
mkdir "$root" "$work/state"
disk=$(losetup --find --show --partscan --read-only "$1")
trap 'umount --recursive --lazy "$work"; losetup --detach "$disk"' EXIT
# Where the kernel does not do it by itself.
[ -b "${disk}p4" ] || partx --add "$disk"
mount -o ro,noload "${disk}p4" "$work/state"
slot=$(ls "$work/state/slots")
mount -o loop,ro "$work/state/slots/$slot/root.img" "$root"
for folder in dev sys proc; do mount --rbind --make-rslave "/$folder" "$root/$folder"; done
mount -t tmpfs tmpfs "$root/run"
mkdir -p "$root/run/kiln" "$root/run/cos" "$state"
mount --bind "$work/state" "$state"
mount -o ro,noload "${disk}p3" "$root/oem"
: >"$root/run/cos/active_mode"
cat >"$root/run/kiln/boot.json" <<END
{"schema":"kiln.boot/v1","mode":"active","generation":1,"slot":"$slot","medium":"${disk}p4"}
END
"$3" "$4" "$2" chroot "$root" /usr/bin/kiln-agent state --json
