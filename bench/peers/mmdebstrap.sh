# What a root of the same packages costs at least: mmdebstrap on the same package files, then packing as Kiln does it.
mmdebstrap --mode=root --variant=apt --format=directory --architectures=amd64 \
  --dpkgopt=path-exclude=/usr/share/man/* --dpkgopt=path-exclude=/usr/share/info/* \
  --dpkgopt=path-exclude=/usr/share/locale/* --dpkgopt=path-include=/usr/share/locale/locale.alias \
  --dpkgopt=path-exclude=/usr/share/doc/* '--dpkgopt=path-include=/usr/share/doc/*/copyright' \
  --dpkgopt=path-exclude=/usr/share/lintian/* --dpkgopt=force-unsafe-io \
  --include="$1" trixie root 'deb [trusted=yes] copy:/bench/boot/packages ./' > log 2>&1 || { tail -n 40 log >&2; exit 1; }
mksquashfs root result -noappend -no-progress -comp zstd -Xcompression-level 3 -b 256K -xattrs \
  -wildcards -e 'boot/*' > /dev/null 2>&1
