# The initramfs of the field: dracut, for any machine, with its modules for live systems. $1 is the kernel's version.
mkdir -p /usr/lib/modules
mount --bind /bench/root/usr/lib/modules /usr/lib/modules
dracut --force --no-hostonly --quiet result "$1" > log 2>&1 || { tail -n 40 log >&2; exit 1; }
