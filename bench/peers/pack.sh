# Packs the root, with the given options of mksquashfs.
mksquashfs /bench/root result -no-progress "$@" -wildcards -e 'dev/*' 'proc/*' 'sys/*' 'run/*' 'tmp/*' 'boot/*' > /dev/null
