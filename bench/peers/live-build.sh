# live-build's binary stage: everything that it does after the root is made. It runs on the build machine's tools, so that
# the root need not be copied for it, which is the shorter of its two ways.
lb config noauto --mode debian --distribution trixie --architecture amd64 --archive-areas main \
  --build-with-chroot false --bootloaders "grub-pc grub-efi" --binary-image iso-hybrid --initramfs live-boot \
  --uefi-secure-boot disable --memtest none --win32-loader false --loadlin false --debian-installer none \
  --checksums sha256 --cache false --apt-indices false --apt-recommends false --security false --updates false \
  --zsync false > log 2>&1
mkdir -p chroot .build
mount --bind /bench/root chroot
touch .build/bootstrap .build/chroot
: > chroot.packages.live
: > chroot.packages.install
: > chroot.files
lb binary >> log 2>&1 || { tail -n 40 log >&2; exit 1; }
umount -l chroot/proc chroot/sys chroot/dev/pts 2> /dev/null || true
mv ./*.iso result
