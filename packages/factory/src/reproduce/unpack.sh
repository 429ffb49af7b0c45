# Unpacks an artifact by its kind and lists what is in it, beside the tree: attributes and paths, hashes and paths.
#   unpack.sh KIND FILE
set -eu
mkdir /run/work/unpacked/tree
cd /run/work/unpacked/tree
case $1 in
  root) rmdir ../tree; unsquashfs -quiet -no-progress -dest ../tree "$2" > /dev/null; cd ../tree ;;
  initramfs) zstd --quiet --decompress --stdout "$2" | busybox cpio -i -d -m --quiet ;;
  iso) xorriso -osirrox on -indev "$2" -extract / . > /dev/null 2>&1 ;;
esac
find . -mindepth 1 -printf '%y %m %U:%G %l\0/%P\0' > ../attributes
find . -mindepth 1 -type f -print0 | xargs -0 --no-run-if-empty sha256sum --zero > ../hashes
