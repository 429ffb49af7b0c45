# What AuroraBoot brings along in its own program: GRUB for BIOS as one file, and the boot sector of a hybrid disk.
modules='ext2 iso9660 linux echo configfile search search_label search_fs_uuid search_fs_file ls normal gzio gettext font
  gfxterm gfxmenu all_video test true loadenv part_gpt part_msdos biosdisk vga vbe chain boot'
# shellcheck disable=SC2086
grub-mkimage --format=i386-pc --prefix=/boot/grub2 --output=core.img $modules
cat /usr/lib/grub/i386-pc/cdboot.img core.img > /bench/boot/eltorito.img
cp /usr/lib/grub/i386-pc/boot_hybrid.img /bench/boot/
