# Runs on the build machine. One archive of the package files of several, and of the stand-in for a maker of initramfs, whose
# control file comes as standard input. mmdebstrap wants to know the suite. Arguments: target, folder to work in, archives.
set -eu
target=$1 work=$2
shift 2
for archive in "$@"; do
  cp "$archive"/*.deb "$target"
  cat "$archive/Packages" >> "$target/Packages"
  echo >> "$target/Packages"
done
deb=$target/kiln-initramfs.deb
mkdir -p "$work/DEBIAN"
cat > "$work/DEBIAN/control"
dpkg-deb --root-owner-group --build "$work" "$deb" > /dev/null
{
  cat "$work/DEBIAN/control"
  echo 'Filename: ./kiln-initramfs.deb'
  echo "Size: $(stat -c %s "$deb")"
  echo "SHA256: $(sha256sum "$deb" | cut -d' ' -f1)"
} >> "$target/Packages"
cat > "$target/Release" <<RELEASE
Suite: trixie
Codename: trixie
SHA256:
 $(sha256sum "$target/Packages" | cut -d' ' -f1) $(stat -c %s "$target/Packages") Packages
RELEASE
