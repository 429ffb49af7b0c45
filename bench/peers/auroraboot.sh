# The commands that AuroraBoot runs for a live ISO of a root that already holds kernel and initrd. Not its code: the tools it
# starts, with its options (see docs/benchmarks.md).
copy='rsync --progress --partial --human-readable --archive --acls --exclude=/mnt --exclude=/proc --exclude=/sys --exclude=/dev --exclude=/tmp --exclude=/host --exclude=/run'

# The source folder is copied out, then into the folder that is packed.
$copy /bench/root/ source/ > /dev/null
$copy source/ rootfs/ > /dev/null
mkdir -p rootfs/run rootfs/dev rootfs/boot rootfs/usr/local rootfs/oem rootfs/proc rootfs/sys rootfs/tmp
chmod 1777 rootfs/tmp

# The medium: kernel and initrd, boot loaders for BIOS and UEFI, menu, cloud-config.
mkdir -p iso/boot/grub2 iso/boot/grub iso/EFI/BOOT
cp rootfs/boot/vmlinuz-* iso/boot/kernel
cp rootfs/boot/initrd.img-* iso/boot/initrd
cp /bench/boot/eltorito.img /bench/boot/boot_hybrid.img iso/boot/
cp /usr/lib/shim/shimx64.efi.signed iso/EFI/BOOT/bootx64.efi
cp /usr/lib/grub/x86_64-efi-signed/gcdx64.efi.signed iso/EFI/BOOT/grubx64.efi
cat > iso/EFI/BOOT/grub.cfg <<'MENU'
search --no-floppy --file --set=root /boot/kernel
set prefix=($root)/boot/grub2
configfile $prefix/grub.cfg
MENU
cp iso/EFI/BOOT/grub.cfg iso/boot/grub/grub.cfg
cat > iso/boot/grub2/grub.cfg <<'MENU'
search --file --set=root /boot/kernel
set default=0
set timeout=10
menuentry "bench" {
  linux /boot/kernel cdroot root=live:CDLABEL=COS_LIVE rd.live.dir=/ rd.live.squashimg=rootfs.squashfs net.ifnames=1 console=tty1 selinux=0 rd.live.overlay.overlayfs
  initrd /boot/initrd
}
MENU
cp /bench/boot/cloud-config.yaml iso/config.yaml

# The EFI partition: content rounded up to 4 MiB, filled without a mount.
kib=$(du -sk iso/EFI | cut -f1)
truncate -s $(((kib / 4096 + 1) * 4))M iso/boot/uefi.img
mkfs.vfat -n EFI_LIVE iso/boot/uefi.img > /dev/null
mmd -i iso/boot/uefi.img ::boot ::boot/grub
mcopy -s -i iso/boot/uefi.img iso/EFI ::
mcopy -i iso/boot/uefi.img iso/boot/grub/grub.cfg ::boot/grub/

# BENCH_ZLIB: a library in the place of Debian's zlib, for who wants to compare with Fedora's.
LD_PRELOAD=${BENCH_ZLIB:-} mksquashfs rootfs iso/rootfs.squashfs -b 1024k > /dev/null

xorriso -volid COS_LIVE -joliet on -padding 0 -outdev kairos.iso -map iso / -chmod 0755 -- \
  -boot_image grub bin_path=/boot/eltorito.img \
  -boot_image grub grub2_mbr=iso/boot/boot_hybrid.img \
  -boot_image grub grub2_boot_info=on \
  -boot_image any partition_offset=16 \
  -boot_image any cat_path=/boot/boot.catalog \
  -boot_image any cat_hidden=on \
  -boot_image any boot_info_table=on \
  -boot_image any platform_id=0x00 \
  -boot_image any emul_type=no_emulation \
  -boot_image any load_size=2048 \
  -boot_image any next \
  -boot_image any platform_id=0xef \
  -boot_image any emul_type=no_emulation \
  -append_partition 2 0xef iso/boot/uefi.img \
  -boot_image any efi_path=--interval:appended_partition_2:all:: \
  -boot_image any appended_part_as=gpt \
  -boot_image any mbr_force_bootable=on 2> xorriso.log
sha256sum kairos.iso > kairos.iso.sha256
mv kairos.iso result
