# mkosi: a disk with an EFI partition and a squashfs root, from a root that is there (`pack`), or from packages (`build`).
# The same compression as Kiln's, so that it does not decide.
what=$1 mirror=$2 packages=$3
[ "$what" = pack ] && esp=128M || esp=1G
mkdir -p repart workspace cache out extra/usr/lib/systemd/boot/efi
cat > repart/00-esp.conf <<PARTITION
[Partition]
Type=esp
Format=vfat
CopyFiles=/boot:/
CopyFiles=/efi:/
SizeMinBytes=$esp
PARTITION
cat > repart/10-root.conf <<'PARTITION'
[Partition]
Type=root
Format=squashfs
Compression=zstd
CompressionLevel=3
CopyFiles=/
ExcludeFiles=/boot/
ExcludeFiles=/efi/
Minimize=best
PARTITION
common="--distribution=debian --release=trixie --architecture=x86-64 --local-mirror=$mirror --format=disk
  --repart-directory=repart --bootable=yes --bootloader=uki --output-directory=out --output=image
  --workspace-directory=workspace --cache-directory=cache --package-cache-dir=/bench/boot/mkosi-packages
  --build-sources= --manifest-format= --with-recommends=no --with-docs=no --kernel-command-line=quiet"
if [ "$what" = pack ]; then
  cp /usr/lib/systemd/boot/efi/linuxx64.efi.stub extra/usr/lib/systemd/boot/efi/
  set -- --base-tree=/bench/root --extra-tree=extra --initrd="$(echo /bench/root/boot/initrd.img-*)" \
    --kernel-modules-initrd=no --cache-only=always
else
  set -- --package=systemd-boot-efi
  for name in $packages; do set -- "$@" "--package=$name"; done
fi
# shellcheck disable=SC2086
mkosi $common "$@" build > log 2>&1 || { tail -n 60 log >&2; exit 1; }
mv out/image.raw result
