# Runs on the node, as root. $1 is what is done; prints `bytes milliseconds` of it: what the disk was told to write, by the
# kernel's own account, from the start until all of it is on the disk.
set -eu
disk=/sys/block/vda/stat
image=/usr/local/field/cOS

# Documentation/block/stat.rst: the seventh number counts sectors of 512 bytes that were written.
written() { awk '{ print $7 * 512 }' "$disk"; }
now() { date +%s%3N; }

kiln() { kiln-agent upgrade "dir:/run/payload" --json >/run/upgrade.log; }

# The field's order: docs/benchmarks-upgrade.md. Its image has kernel and initramfs in /boot, Kiln's beside the root.
unpack() {
  truncate --size=3072M "$image/transition.img"
  mkfs.ext2 -q -F -L COS_ACTIVE "$image/transition.img"
  mount -o loop "$image/transition.img" /run/transition
  rsync --archive --quiet --hard-links --acls --xattrs /run/source/ /run/transition/
  cp /run/payload/kernel /run/transition/boot/vmlinuz
  cp /run/payload/initramfs /run/transition/boot/initrd
  umount /run/transition
}
switch() {
  sync
  mv "$image/transition.img" "$image/active.img"
  sync
}
field() {
  unpack
  mv "$image/active.img" "$image/passive.img"
  tune2fs -L COS_PASSIVE "$image/passive.img" >/dev/null
  switch
}
field_copy() {
  unpack
  cp "$image/active.img" "$image/passive.img"
  tune2fs -L COS_PASSIVE "$image/passive.img" >/dev/null
  switch
}

case "$1" in
prepare)
  mkdir -p /run/payload /run/source /run/transition "$image"
  mount -o ro LABEL=PAYLOAD /run/payload
  mount --bind / /run/source
  unpack
  mv "$image/transition.img" "$image/active.img"
  cp "$image/active.img" "$image/passive.img"
  du --block-size=1 "$image/active.img" | cut -f 1
  ;;
state)
  # So many in a row, that the clock is fine enough.
  start=$(now)
  for _ in 1 2 3 4 5 6 7 8 9 10; do kiln-agent state --json >/run/state.json; done
  echo "0 $((($(now) - start) / 10))"
  ;;
*)
  sync
  echo 3 >/proc/sys/vm/drop_caches
  before=$(written)
  start=$(now)
  "$1"
  sync
  end=$(now)
  echo "$(($(written) - before)) $((end - start))"
  ;;
esac
