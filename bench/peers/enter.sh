# Runs a script of a peer in its own root file system, in namespaces of its own. Only root may run it.
# Arguments: peers' root, mode (ro or rw), root to pack, folder to work in, folder of the boot files, script, its arguments.
# Inside: /bench/root, /bench/work (on the same disk as Kiln's cache), /bench/boot, /bench/scripts.
set -eu
peers=$1 mode=$2 root=$3 work=$4 boot=$5 scripts=$6
shift 6
mkdir -p "$work/work" "$work/new" "$work/layers/upper" "$work/layers/work" "$work/layers/root" "$work/layers/root-work"
new=$work/new
mount -t overlay -o "lowerdir=$peers,upperdir=$work/layers/upper,workdir=$work/layers/work" peers "$new"
mkdir -p "$new/bench/root" "$new/bench/work" "$new/bench/boot" "$new/bench/scripts" "$new/old"
# A peer that changes the root changes a layer of its own.
if [ "$mode" = rw ]; then
  mount -t overlay -o "lowerdir=$root,upperdir=$work/layers/root,workdir=$work/layers/root-work" root "$new/bench/root"
else
  mount --bind "$root" "$new/bench/root"
  mount -o remount,bind,ro "$new/bench/root"
fi
mount --bind "$work/work" "$new/bench/work"
mount --bind "$boot" "$new/bench/boot"
mount --bind "$scripts" "$new/bench/scripts"
mount -t proc proc "$new/proc"
mount --rbind /sys "$new/sys"
mount --rbind /dev "$new/dev"
mount -t tmpfs -o mode=1777 tmpfs "$new/tmp"
mount -t tmpfs -o mode=0755 tmpfs "$new/run"
cp --remove-destination /etc/resolv.conf "$new/etc/resolv.conf"
cd "$new"
pivot_root . old
umount -l /old
cd /bench/work
script=$1
shift
sh -eu "/bench/scripts/$script" "$@"
# Kiln does not say that it is done before the disk has the result.
[ ! -e result ] || exec sync result
